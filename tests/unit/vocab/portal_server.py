"""A server on this machine that keeps the rules of an OntoPortal API: header auth, acronyms, mandatory fields, 422."""

import asyncio
import re
import threading
from contextlib import contextmanager

from aiohttp import web

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
MANDATORY = ("URI", "status", "hasOntologyLanguage", "description", "released")


class PortalServer:
    """Artefacts and submissions in memory; every request is kept as method, path and headers."""

    def __init__(self):
        self.ontologies = {}
        self.submissions = {}
        self.requests = []
        self.states = [["UPLOADED"], ["UPLOADED", "RDF"]]
        self.echo_key = False
        self.redirect = ""

    def _allowed(self, request):
        self.requests.append((request.method, str(request.rel_url), dict(request.headers)))
        if self.redirect:
            raise web.HTTPFound(self.redirect)
        if request.headers.get("Authorization") != f"apikey token={KEY}":
            text = f"bad key {request.headers.get('Authorization')}" if self.echo_key else "You must provide an API Key"
            raise web.HTTPUnauthorized(text=f'{{"errors": ["{text}"], "status": 401}}', content_type="application/json")

    async def get_ontology(self, request):
        self._allowed(request)
        found = self.ontologies.get(request.match_info["acronym"])
        if found is None:
            return web.json_response({"errors": ["You must provide a valid `acronym`"], "status": 404}, status=404)
        return web.json_response(found)

    async def put_ontology(self, request):
        self._allowed(request)
        acronym, body = request.match_info["acronym"], await request.json()
        errors = {}
        if not re.fullmatch(r"[A-Z][A-Z0-9_-]{0,15}", acronym) or body.get("acronym") != acronym:
            errors["acronym"] = {"acronym_value_validator": "must be at most 16 of A-Z 0-9 - _"}
        for field in ("name", "administeredBy"):
            if not body.get(field):
                errors[field] = {"existence": f"`{field}` value cannot be nil"}
        if any(one["name"] == body.get("name") for one in self.ontologies.values()):
            errors["name"] = {"unique": "must be unique"}
        if errors:
            return web.json_response({"errors": errors, "status": 422}, status=422)
        self.ontologies[acronym] = body
        return web.json_response(body, status=201)

    async def submit(self, request):
        self._allowed(request)
        acronym = request.match_info["acronym"]
        if acronym not in self.ontologies:
            return web.json_response({"errors": ["no such ontology"]}, status=404)
        form = await request.post()
        errors = {name: {"existence": f"`{name}` value cannot be nil"} for name in MANDATORY if not form.get(name)}
        if not (form.get("contact[][name]") and form.get("contact[][email]")):
            errors["contact"] = {"existence": "`contact` value cannot be nil"}
        if not any(isinstance(value, web.FileField) for value in form.values()):
            errors["uploadFilePath"] = ["a file or a pullLocation is wanted"]
        if form.get("URI") and form.get("URI") == form.get("versionIRI"):
            errors["versionIRI"] = {"distinct": "must differ from URI"}
        if any(not one.startswith("http://lexvo.org/") for one in form.getall("naturalLanguage[]", [])):
            errors["naturalLanguage"] = {"lexvo": "must be lexvo IRIs"}
        if errors:
            return web.json_response({"errors": errors, "status": 422}, status=422)
        kept = {key: value if isinstance(value, str) else value.file.read() for key, value in form.items()}
        self.submissions.setdefault(acronym, []).append(kept)
        return web.json_response({"submissionId": len(self.submissions[acronym])}, status=201)

    async def state(self, request):
        self._allowed(request)
        states = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        base = "http://data.bioontology.org/metadata/submission_statuses/"
        return web.json_response({"submissionStatus": [base + one for one in states], "submissionId": 1})


@contextmanager
def running(server):
    """Serve in a thread; gives the address."""
    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=1 << 26)
    app.add_routes(
        [
            web.get("/ontologies/{acronym}", server.get_ontology),
            web.put("/ontologies/{acronym}", server.put_ontology),
            web.post("/ontologies/{acronym}/submissions", server.submit),
            web.get("/ontologies/{acronym}/submissions/{number}", server.state),
        ]
    )
    runner = web.AppRunner(app)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())
        loop.close()
