"""Services 政务服务事项: what they ask for, read strictly, and imported from lists."""
