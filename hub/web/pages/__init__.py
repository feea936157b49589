"""The console: pages rendered on the server, Chinese and English, without JavaScript."""

from fastapi import APIRouter

from hub.catalogue.shelf import Shelf
from hub.runtime import Hub
from hub.web.pages.answering import answering_pages
from hub.web.pages.application_acts import application_act_pages
from hub.web.pages.applications import application_pages
from hub.web.pages.applying import applying_pages
from hub.web.pages.ask import ask_pages
from hub.web.pages.calendar import calendar_pages
from hub.web.pages.catalogue import catalogue_pages
from hub.web.pages.dossier import dossier_pages
from hub.web.pages.frame import Console
from hub.web.pages.grant_changes import grant_change_pages
from hub.web.pages.grants import grant_pages
from hub.web.pages.home import home_pages
from hub.web.pages.log import log_pages
from hub.web.pages.password import password_pages
from hub.web.pages.publications import publication_pages
from hub.web.pages.sign_in import sign_in_pages
from hub.web.pages.style import style_sheet

__all__ = ["pages"]


def pages(hub: Hub, shelf: Shelf) -> APIRouter:
    """All pages of the console."""
    console = Console(hub)
    routes = APIRouter(include_in_schema=False)
    for area in (
        home_pages(console),
        sign_in_pages(console),
        password_pages(console),
        ask_pages(console),
        dossier_pages(console),
        catalogue_pages(console, shelf),
        applying_pages(console),
        answering_pages(console),
        application_act_pages(console),
        application_pages(console),
        calendar_pages(console),
        grant_change_pages(console),
        grant_pages(console),
        publication_pages(console),
        log_pages(console),
        style_sheet(console),
    ):
        routes.include_router(area)
    return routes
