"""How frames are read from a socket: as uvicorn does it, without a traceback for what anybody may send."""

import logging

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

log = logging.getLogger(__name__)


class QuietWebSocket(WebSocketsSansIOProtocol):
    """A socket whose peer may break the rules: it is closed for that, and one line tells of it."""

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            log.info("A text frame that is not UTF-8 closed its socket")
            self.frames = []
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
