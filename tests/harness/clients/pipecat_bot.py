"""A voice bot on pipecat-ai, built like its examples for Exotel, with an echo in place of the AI.

Keys are commands: 1 makes it talk for five seconds, 2 interrupts it, 3 ends the pipeline. It prints lines of JSON:
first its port, then its events.
"""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.frames.frames import EndWorkerFrame, Frame, InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.exotel import ExotelFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from tests.harness.clients.bot_voice import HANG_UP, SILENCE, TALK, Hearing, report, speech


class Echo(FrameProcessor):
    """Returns the heard audio, and carries out keys."""

    def __init__(self) -> None:
        super().__init__()
        self.hearing = Hearing()
        self.rate_hz = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Handle a frame of the caller, or pass another frame on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.rate_hz = frame.sample_rate
            self.hearing.hear(frame.audio, self.rate_hz)
            await self.say(frame.audio)
        elif isinstance(frame, InputDTMFFrame):
            report("dtmf", digit=frame.button.value)
            await self.obey(frame.button.value)
        else:
            await self.push_frame(frame, direction)

    async def obey(self, digit: str) -> None:
        """Carry out a key."""
        if digit == TALK:
            await self.say(speech(self.rate_hz))
        elif digit == SILENCE:
            await self.broadcast_interruption()
        elif digit == HANG_UP:
            await self.push_frame(EndWorkerFrame(), FrameDirection.UPSTREAM)

    async def say(self, pcm: bytes) -> None:
        """Send audio to the caller."""
        await self.push_frame(OutputAudioRawFrame(audio=pcm, sample_rate=self.rate_hz, num_channels=1))


app = FastAPI()


@app.websocket("/ws")
async def answer(websocket: WebSocket) -> None:
    """Serve one connection."""
    await websocket.accept()
    transport_type, call_data = await parse_telephony_websocket(websocket)
    report("start", transport_type=transport_type, **call_data.model_dump(by_alias=True, exclude_none=True))
    rate_hz = int(websocket.query_params.get("sample-rate", "8000"))
    chunk_ms = int(websocket.query_params.get("chunk_ms", "40"))  # pipecat's default
    serializer = ExotelFrameSerializer(
        stream_sid=call_data["stream_id"],
        call_sid=call_data["call_id"],
        params=ExotelFrameSerializer.InputParams(exotel_sample_rate=rate_hz),
    )
    params = FastAPIWebsocketParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_out_10ms_chunks=chunk_ms // 10,
        serializer=serializer,
    )
    transport = FastAPIWebsocketTransport(websocket=websocket, params=params)
    worker = PipelineWorker(
        Pipeline([transport.input(), Echo(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=rate_hz, audio_out_sample_rate=rate_hz),
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: FastAPIWebsocketTransport, _client: WebSocket) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    report("closed")


async def main() -> None:
    """Listen until the program ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        report("listening", port=listening.getsockname()[1])
        await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main())
