"""The application: Meta's side and the tests' side of one sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from deploy.local.whatsapp import control, graph
from deploy.local.whatsapp.sandbox import Sandbox
from shared.web.answers import Answers


def sandbox_app(box: Sandbox) -> FastAPI:
    """Return the application of a sandbox; at its end what is on its way is given up."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await box.postman.close()

    app = FastAPI(
        title="WhatsApp sandbox", openapi_url=None, redirect_slashes=False, lifespan=lifespan
    )
    app.state.sandbox = box
    Answers(None).install(app, {})
    # Routes of two free steps come last.
    for router in (control.router, graph.files, graph.calls):
        app.include_router(router)
    return app
