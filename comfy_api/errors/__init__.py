"""Every error that comfy_api raises on purpose.

::

    EaselError
    ├── SettingsError                 settings that cannot be used, all of them at once
    ├── WorkflowError                 the workflow file itself
    │   ├── NotReadable               a file that holds no workflow, or too much
    │   ├── NotConvertible            a UI-format workflow with parts that cannot be converted
    │   ├── NodeNotFound              no node with this title, class or id
    │   ├── AmbiguousTitle            one node was asked for and several answer
    │   ├── InputNotFound             the node has no such input
    │   └── InputIsLinked             the input is fed by another node
    ├── ComfyError                    one ComfyUI server
    │   ├── ServerUnreachable         no connection, no answer in time
    │   ├── SignInNeeded              a login stands before the server
    │   ├── ApiError                  an answer that is not a success
    │   │   └── PromptRejected        POST /prompt refused the graph
    │   ├── ProtocolError             an answer that ComfyUI does not give
    │   │   └── AnswerTooLarge        more bytes than are taken
    │   ├── ExecutionFailed           a node failed while running
    │   ├── RunLost                   the server forgot the prompt (restart)
    │   ├── ResultsLost               pictures were made, but did not arrive
    │   ├── ResultTooLarge            a file was made that is larger than is fetched
    │   ├── RunStopped                someone stopped it
    │   └── RunTimeout                no sign of life in time; also a TimeoutError
    ├── ServiceError                  jobs and their owners
    │   ├── JobNotFound               unknown, or somebody else's
    │   ├── Refused                   a value that cannot be taken, or a limit of this installation
    │   │   └── NotOnServer               what the job needs and the server does not have
    │   └── ServiceClosed             the service is shutting down
    └── StoreError                    the database of jobs
        ├── StoreGone                 no connection, no file, no permission, damaged
        ├── StoreBusy                 locked by others for too long
        ├── StoreFull                 its disk is full
        ├── StoreTooNew               written by a newer Easel
        ├── MoveLost                  the job was changed by someone else first
        └── ClaimLost                 the job was given to someone else

``str(error)`` is one plain sentence or two: what happened and what to do next. Everything a program wants
to know stands in attributes. No error holds a password, a token or a URL with either in it.
"""

from __future__ import annotations

from comfy_api.errors.jobs import (
    JobNotFound,
    NotOnServer,
    Refused,
    ServiceClosed,
    ServiceError,
)
from comfy_api.errors.root import (
    EaselError,
    SettingsError,
)
from comfy_api.errors.runs import (
    ExecutionFailed,
    ResultsLost,
    ResultTooLarge,
    RunLost,
    RunStopped,
    RunTimeout,
)
from comfy_api.errors.server import (
    AnswerTooLarge,
    ApiError,
    ComfyError,
    NodeProblem,
    PromptRejected,
    ProtocolError,
    ServerUnreachable,
    SignInNeeded,
)
from comfy_api.errors.store import (
    ClaimLost,
    MoveLost,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreGone,
    StoreTooNew,
)
from comfy_api.errors.workflow import (
    AmbiguousTitle,
    InputIsLinked,
    InputNotFound,
    NodeNotFound,
    NotConvertible,
    NotReadable,
    UnknownNode,
    WorkflowError,
)

__all__ = [
    "AmbiguousTitle",
    "AnswerTooLarge",
    "ApiError",
    "ClaimLost",
    "ComfyError",
    "EaselError",
    "ExecutionFailed",
    "InputIsLinked",
    "InputNotFound",
    "JobNotFound",
    "MoveLost",
    "NodeNotFound",
    "NodeProblem",
    "NotConvertible",
    "NotOnServer",
    "NotReadable",
    "PromptRejected",
    "ProtocolError",
    "Refused",
    "ResultTooLarge",
    "ResultsLost",
    "RunLost",
    "RunStopped",
    "RunTimeout",
    "ServerUnreachable",
    "ServiceClosed",
    "ServiceError",
    "SettingsError",
    "SignInNeeded",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreGone",
    "StoreTooNew",
    "UnknownNode",
    "WorkflowError",
]
