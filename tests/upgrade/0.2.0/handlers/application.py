"""The application, put together. It reads like a table of contents."""

from signalbox import Application

from .namespaces import NAMESPACES
from .routes import chat, lifecycle
from .services import Services
from .settings import Settings

app = Application(settings=Settings, namespaces=NAMESPACES, services=Services)

app.include_router(lifecycle.router)
app.include_router(chat.router)
