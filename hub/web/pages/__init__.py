"""The console: pages rendered on the server, Chinese and English, without JavaScript."""

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from hub.catalogue.shelf import Shelf
from hub.runtime import Hub
from hub.web.pages.answering import answering_pages
from hub.web.pages.application_acts import application_act_pages
from hub.web.pages.applications import application_pages
from hub.web.pages.applying import applying_pages
from hub.web.pages.ask import ask_pages
from hub.web.pages.calendar import calendar_pages
from hub.web.pages.case_acts import case_act_pages
from hub.web.pages.case_opening import case_opening_pages
from hub.web.pages.cases import case_pages
from hub.web.pages.catalogue import catalogue_pages
from hub.web.pages.delegating import delegating_pages
from hub.web.pages.delegations import delegation_pages
from hub.web.pages.departments import department_pages
from hub.web.pages.dossier import dossier_pages
from hub.web.pages.entries import entry_pages
from hub.web.pages.entry_acts import entry_act_pages
from hub.web.pages.entry_drafts import entry_draft_pages
from hub.web.pages.frame import Console
from hub.web.pages.grant_changes import grant_change_pages
from hub.web.pages.grant_life import grant_life_pages
from hub.web.pages.grants import grant_pages
from hub.web.pages.home import home_pages
from hub.web.pages.licence import licence_pages
from hub.web.pages.licence_credentials import licence_credential_pages
from hub.web.pages.licence_finding import licence_finding_pages
from hub.web.pages.licence_issuing import licence_issuing_pages
from hub.web.pages.licence_viewing import licence_viewing_pages
from hub.web.pages.log import log_pages
from hub.web.pages.log_statement import log_statement_pages
from hub.web.pages.materials import material_pages
from hub.web.pages.objections import objection_pages
from hub.web.pages.password import password_pages
from hub.web.pages.people import people_pages
from hub.web.pages.publications import publication_pages
from hub.web.pages.purposes import purpose_pages
from hub.web.pages.retention import retention_pages
from hub.web.pages.reuse import reuse_pages
from hub.web.pages.scans import scan_pages
from hub.web.pages.sign_in import sign_in_pages
from hub.web.pages.style import style_sheet
from hub.web.pages.usage import usage_pages

__all__ = ["pages"]


def pages(hub: Hub, shelf: Shelf) -> list[BaseRoute]:
    """All pages of the console."""
    console = Console(hub)
    routes: list[BaseRoute] = []
    for area in (
        home_pages(console),
        sign_in_pages(console),
        password_pages(console),
        ask_pages(console),
        dossier_pages(console),
        # Before the one that takes any case.
        case_opening_pages(console),
        case_pages(console),
        case_act_pages(console),
        catalogue_pages(console, shelf),
        # Before the one that takes any code.
        entry_draft_pages(console),
        entry_act_pages(console),
        entry_pages(console),
        applying_pages(console),
        answering_pages(console),
        application_act_pages(console),
        application_pages(console),
        objection_pages(console),
        calendar_pages(console),
        scan_pages(console),
        material_pages(console),
        reuse_pages(console),
        delegating_pages(console),
        delegation_pages(console),
        # Before those that take any act of a grant.
        grant_life_pages(console),
        usage_pages(console),
        grant_change_pages(console),
        grant_pages(console),
        publication_pages(console),
        people_pages(console),
        department_pages(console),
        purpose_pages(console),
        retention_pages(console),
        log_pages(console),
        log_statement_pages(console),
        # Before the public one, which takes any code.
        licence_finding_pages(console),
        licence_viewing_pages(console),
        # Before the one that takes any act of a licence.
        licence_credential_pages(console),
        licence_issuing_pages(console),
        licence_pages(console),
        style_sheet(console),
    ):
        routes += area.routes
    for route in routes:
        if isinstance(route, APIRoute):
            route.include_in_schema = False
    return routes
