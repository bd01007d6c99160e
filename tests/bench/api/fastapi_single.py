"""The peer of `make bench-api`: POST /predict/single in FastAPI, doing what perfgate serve does.

Run by uvicorn with DATABASE (a libpq socket folder), REDIS (a socket) and CELLS (templates/sql/cells.sql) in its
environment. A hit is one GET and one document of integers, as there; a miss reads the same 30 days with the same
statement. The validation is pydantic's, which is what people use FastAPI for.
"""
import datetime
import json
import math
import os
import random
from typing import Literal, Optional

import asyncpg
import fastapi
import pydantic
import redis.asyncio

STEP = 0.25
HORIZONS = (1, 3, 7, 14, 30)
app = fastapi.FastAPI()


class Location(pydantic.BaseModel):
    latitude: float = pydantic.Field(ge=-90, le=90)
    longitude: float = pydantic.Field(ge=-180, le=180)
    name: Optional[str] = None


class Single(pydantic.BaseModel):
    location: Location
    target_date: datetime.date
    model_type: Literal["lstm", "transformer", "ensemble"] = "ensemble"
    prediction_horizon: Literal[1, 3, 7, 14, 30] = 7
    include_factors: bool = False


@app.on_event("startup")
async def connect():
    app.state.cells = open(os.environ["CELLS"], encoding="utf-8").read()
    app.state.pool = await asyncpg.create_pool(host=os.environ["DATABASE"], user="perfgate", database="perfgate",
                                               min_size=4, max_size=20)
    app.state.redis = redis.asyncio.Redis(unix_socket_path=os.environ["REDIS"])


@app.get("/health/liveness")
async def liveness():
    return {"status": "alive"}


def level(risk):
    return "low" if risk < 0.25 else "medium" if risk < 0.5 else "high" if risk < 0.75 else "very_high"


async def read_store(latitude, longitude, day):
    data_day = datetime.datetime(2023, day.month, min(day.day, 28) if day.month == 2 else day.day)
    first = data_day - datetime.timedelta(days=29)
    async with app.state.pool.acquire() as connection:
        return await connection.fetch(app.state.cells, [latitude], [longitude], first, data_day,
                                         datetime.datetime(2023, 1, 2), datetime.datetime(2023, 1, 1), data_day)


def assess(days):
    """Of the same size as the reference's document; the arithmetic of a model is not what is compared."""
    warm = math.exp(-((sum(day["temperature_2m"] for day in days) / len(days) - 25) / 5) ** 2)
    wet = min(1, sum(day["total_precipitation"] for day in days) / 100)
    moist = min(1, sum(day["relative_humidity_2m"] for day in days) / len(days) / 100)
    risk = round(10000 * warm * wet * moist)
    return [1, 1, risk, *(round(10000 * part) for part in (warm, wet, moist)), round(10000 * days[0]["ndvi"]),
            *(500 + 100 * i for i in range(len(HORIZONS)))]


@app.post("/predict/single")
async def single(request: Single, response: fastapi.Response):
    latitude = round(request.location.latitude / STEP) * STEP
    longitude = round(request.location.longitude / STEP) * STEP
    key = f"peer:prediction:{latitude:.2f}:{longitude:.2f}:{request.target_date}:{request.model_type}.1"
    document = await app.state.redis.get(key)
    response.headers["X-Cache"] = "HIT" if document else "MISS"
    if document:
        values = json.loads(document)
    else:
        values = assess(await read_store(latitude, longitude, request.target_date))
        await app.state.redis.set(key, json.dumps(values), ex=21600 + random.randint(-2160, 2160))
    risk, uncertainty = values[2] / 10000, values[7 + HORIZONS.index(request.prediction_horizon)] / 10000
    answer = {"location": {**request.location.dict(exclude_none=True),
                           "cell": {"latitude": latitude, "longitude": longitude}},
              "target_date": request.target_date, "risk_score": risk, "risk_level": level(risk),
              "uncertainty": uncertainty,
              "confidence_interval": [max(0, risk - 1.96 * uncertainty), min(1, risk + 1.96 * uncertainty)],
              "model_used": request.model_type, "prediction_horizon": request.prediction_horizon}
    if request.include_factors:
        answer["factors"] = dict(zip(("temperature", "rainfall", "humidity", "vegetation"),
                                     (value / 10000 for value in values[3:7])))
    return answer
