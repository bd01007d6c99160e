#!/usr/bin/env python3
"""Hold an API to its own OpenAPI description.

    api_contract.py URL [SEED]

Sends requests that are generated from the description, valid and invalid, to every route, and
checks status, body and headers against it. Prints what was done; the first disagreement ends it.
"""

import http.client
import json
import math
import random
import sys
import urllib.parse

import jsonschema

VALID_PER_ROUTE = 40
PLACES = 1e6  # coordinates are answered with six digits


class Client:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)

    def ask(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind} if body is not None and kind else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


class Contract:
    def __init__(self, document):
        self.document = document
        for name, schema in document["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
            self.check(True, {"anyOf": [True, {"$ref": "#/components/schemas/" + name}]}, name)

    def resolve(self, value):
        while "$ref" in value:
            target = self.document
            for part in value["$ref"].lstrip("#/").split("/"):
                target = target[part]
            value = target
        return value

    def check(self, value, schema, where):
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema",
                 "components": self.document["components"], **schema}
        errors = list(jsonschema.Draft202012Validator(whole).iter_errors(value))
        if errors:
            raise SystemExit("%s: %s: %s" % (where, list(errors[0].absolute_path), errors[0].message))

    def check_answer(self, operation, status, headers, body, where):
        responses = operation["responses"]
        response = self.resolve(responses.get(str(status), responses["default"]))
        kind = headers.get("content-type", "").split(";")[0]
        if kind not in response["content"]:
            raise SystemExit("%s: %d with content type %s" % (where, status, kind))
        value = body.decode()
        if kind == "application/json":
            value = json.loads(value, parse_constant=lambda word: fail(where, "number " + word))
        self.check(value, response["content"][kind]["schema"], where)
        for name, header in response.get("headers", {}).items():
            header = self.resolve(header)
            if name.lower() in headers:
                self.check(headers[name.lower()], header["schema"], where + " " + name)
            elif header.get("required"):
                raise SystemExit("%s: no header %s" % (where, name))
        return value


def fail(where, what):
    raise SystemExit("%s: %s" % (where, what))


class Generator:
    """Values that fit a schema, and values that do not."""

    def __init__(self, contract, coverage, seed):
        self.contract, self.coverage, self.random = contract, coverage, random.Random(seed)
        self.inside = True

    def number(self, schema, name):
        low, high = schema.get("minimum", -1e6), schema.get("maximum", 1e6)
        if self.inside and name in ("latitude", "longitude"):
            ends = ("south", "north") if name == "latitude" else ("west", "east")
            low, high = (self.coverage[end] for end in ends)
        return self.random.choice([low, high, self.random.uniform(low, high)])

    def value(self, schema, name=""):
        schema = self.contract.resolve(schema)
        kind = schema.get("type")
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if isinstance(kind, list):
            kind = self.random.choice(kind)
        if kind == "object":
            return self.members(schema)
        if kind == "array":
            count = self.random.choice([schema["minItems"], self.random.randint(1, 20),
                                        schema["maxItems"]])
            return [self.value(schema["items"]) for _ in range(count)]
        if kind == "number":
            return self.number(schema, name)
        if kind == "integer":
            return self.random.randint(schema["minimum"], schema["maximum"])
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "null":
            return None
        if schema.get("format") == "date":
            return "%04d-%02d-%02d" % (self.random.randint(1900, 2199), self.random.randint(1, 12),
                                       self.random.randint(1, 28))
        return self.random.choice(["Kisumu", "", "\u00e9\"\\\n", "x" * schema["maxLength"]])

    def members(self, schema):
        required = schema.get("required", [])
        value = {name: self.value(member, name) for name, member in schema["properties"].items()
                 if name in required or self.random.random() < 0.5}
        if self.random.random() < 0.2:
            value["unknown"] = {"is": "ignored"}
        return self.repair(value)

    def repair(self, value):
        """What a schema cannot say: order of bounds and dates, and sizes."""
        if "north" in value:
            south, west = self.number({"minimum": -80, "maximum": 70}, ""), self.random.uniform(-170, 170)
            if self.inside:
                south = self.random.uniform(self.coverage["south"], self.coverage["north"])
                west = self.random.uniform(self.coverage["west"], self.coverage["east"])
            value.update(south=south, north=south + self.random.uniform(0, 4), west=west,
                         east=west + self.random.uniform(0, 4))
        if "bounds" in value and value.get("resolution", 0.1) < 0.05:
            value["resolution"] = self.random.uniform(0.05, 1)
        if "start_date" in value:
            year = value["start_date"][:4]
            value.update(start_date=year + "-02-03", end_date=year + "-%02d-05" % self.random.randint(2, 12))
        return value

    def wrong(self, schema):
        """(what, value) for everything the schema refuses at this place."""
        schema = self.contract.resolve(schema)
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        samples = {"object": {}, "array": [], "string": "text", "number": 1.5, "integer": 1,
                   "boolean": True, "null": None}
        for kind, sample in samples.items():
            if kind in kinds or (kind == "integer" and "number" in kinds):
                continue
            yield "a " + kind, sample
        for name, off in (("minimum", -1), ("maximum", 1)):
            if name in schema:
                yield "beyond its %s" % name, schema[name] + off
        if "enum" in schema:
            yield "not of its values", "other" if isinstance(schema["enum"][0], str) else 2
        if "maxLength" in schema:
            yield "too long", "x" * (schema["maxLength"] + 1)
        if "maxItems" in schema:
            item = self.value(schema["items"])
            yield "too many", [item] * (schema["maxItems"] + 1)
        if schema.get("minItems"):
            yield "too few", []
        if schema.get("format") == "date":
            for text in ("2023-02-30", "2023-13-01", "1899-12-31", "2200-01-01", "2023-1-1", ""):
                yield "no day", text

    def invalid(self, schema, base, path=()):
        """(member, what, document) with one thing wrong each."""
        schema = self.contract.resolve(schema)
        for name, member in schema["properties"].items():
            here = path + (name,)
            if name in schema.get("required", []):
                yield here, "missing", self.replaced(base, here, None, drop=True)
            for what, value in self.wrong(member):
                yield here, what, self.replaced(base, here, value)
            member = self.contract.resolve(member)
            if member.get("type") == "object":
                yield from self.invalid(member, base, here)
            if member.get("type") == "array":
                yield from self.invalid(member["items"], base, here + (len(base[name]) - 1,))

    @staticmethod
    def replaced(base, path, value, drop=False):
        copy = json.loads(json.dumps(base))
        target = copy
        for part in path[:-1]:
            target = target[part]
        if drop:
            del target[path[-1]]
        else:
            target[path[-1]] = value
        return copy


def shown(path):
    text = ""
    for part in path:
        text += "[%d]" % part if isinstance(part, int) else ("." if text else "") + part
    return text


def expect(where, status, wanted, body):
    if status not in wanted:
        raise SystemExit("%s: expected %s, got %d\n%s" % (where, wanted, status, body[:500].decode()))


def check_get(client, contract, path, operation):
    status, headers, body = client.ask("GET", path)
    contract.check_answer(operation, status, headers, body, "GET " + path)
    # A WebSocket asks to be asked for as one.
    expect("GET " + path, status, {426 if "101" in operation["responses"] else 200}, body)
    return 1


def check_consistency(request, answer, where):
    """What the schema of the answer cannot say about it."""
    if "predictions" in answer and "total_locations" in answer:
        failed = sum("error" in p for p in answer["predictions"])
        if (len(request["locations"]), failed) != (answer["total_locations"],
                                                   answer["failed_predictions"]):
            fail(where, "counts do not add up")
    if "grid_info" in answer:
        if len(answer["predictions"]) != answer["grid_info"]["successful_points"]:
            fail(where, "successful_points is not the number of predictions")
    if "time_series" in answer:
        if answer["summary_statistics"]["points"] != len(answer["time_series"]):
            fail(where, "points is not the length of the series")
    if "confidence_interval" in answer:
        low, high = answer["confidence_interval"]
        if not low <= answer["risk_score"] <= high:
            fail(where, "the interval does not hold the risk")
        if math.floor(abs(answer["location"]["latitude"] - request["location"]["latitude"]) * PLACES):
            fail(where, "another place was answered")
        if ("factors" in answer) != request.get("include_factors", False):
            fail(where, "factors are not as asked for")


def check_post(client, contract, generator, path, operation):
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    sent = 0
    for i in range(VALID_PER_ROUTE):
        generator.inside = i % 4 != 3
        request = generator.value(schema)
        where = "POST %s %s" % (path, json.dumps(request))
        status, headers, body = client.ask("POST", path, json.dumps(request))
        answer = contract.check_answer(operation, status, headers, body, where)
        expect(where, status, {200} if generator.inside else {200, 404}, body)
        if status == 200:
            check_consistency(request, answer, where)
        sent += 1
    generator.inside = True
    base = generator.value(schema)
    for member, what, document in generator.invalid(schema, base):
        where = "POST %s with %s %s" % (path, shown(member), what)
        status, headers, body = client.ask("POST", path, json.dumps(document))
        answer = contract.check_answer(operation, status, headers, body, where)
        expect(where, status, {422}, body)
        if not answer["error"]["message"].startswith(shown(member)):
            fail(where, "the message does not begin with the member: " + answer["error"]["message"])
        sent += 1
    text = json.dumps(base)
    others = [(text[:-1], "application/json", 400), ("", "application/json", 400),
              (text + "x", "application/json", 400), ("[]", "application/json", 422),
              (text, "text/plain", 415), (text, None, 415)]
    for body, kind, wanted in others:
        where = "POST %s as %s: %.20r" % (path, kind, body)
        status, headers, answer = client.ask("POST", path, body, kind)
        contract.check_answer(operation, status, headers, answer, where)
        expect(where, status, {wanted}, answer)
        sent += 1
    return sent


def check_other_methods(client, contract, path, operations):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        if method.lower() in operations:
            continue
        where = "%s %s" % (method, path)
        body = "{}" if method != "GET" else None
        status, headers, answer = client.ask(method, path, body)
        operation = next(iter(operations.values()))
        contract.check_answer(operation, status, headers, answer, where)
        expect(where, status, {405}, answer)
        if not set(o.upper() for o in operations) <= set(headers.get("allow", "").split(", ")):
            fail(where, "Allow is %s" % headers.get("allow"))


def main():
    client = Client(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    status, _, body = client.ask("GET", "/openapi.json")
    expect("GET /openapi.json", status, {200}, body)
    document = json.loads(body)
    contract = Contract(document)
    info = json.loads(client.ask("GET", "/info")[2])
    listed = {tuple(route.split(" ")) for route in json.loads(client.ask("GET", "/")[2])["routes"]}
    described = {(method.upper(), path) for path, operations in document["paths"].items()
                 for method in operations}
    if listed != described:
        fail("routes", "served but not described, or the reverse: %s" % sorted(listed ^ described))
    schemas = document["components"]["schemas"]
    limits = (schemas["BatchRequest"]["properties"]["locations"]["maxItems"],
              schemas["SpatialResponse"]["properties"]["predictions"]["maxItems"],
              schemas["SeriesResponse"]["properties"]["time_series"]["maxItems"] - 1)
    if limits != tuple(info["limits"][k] for k in ("batch_locations", "grid_points", "series_days")):
        fail("limits", "the description says %s, /info %s" % (limits, info["limits"]))
    generator = Generator(contract, info["coverage"], seed)
    for path, operations in document["paths"].items():
        sent = 0
        for method, operation in operations.items():
            if method == "get":
                sent += check_get(client, contract, path, operation)
            else:
                sent += check_post(client, contract, generator, path, operation)
        check_other_methods(client, contract, path, operations)
        print("%s: %d requests as described" % (path, sent))


if __name__ == "__main__":
    main()
