"""The catalogue 数据目录 as this hub has it: what departments may find and apply for."""
