"""The built-in demo engine: ComfyUI's HTTP and websocket protocol on loopback, with painted pictures.

No model is behind it: pictures are painted by numpy and cv2 from the words of the prompt text. Everything
else behaves as ComfyUI 0.3.64 does on the wire (protocol.md), or as 0.38 with ``api="0.38"``.
`comfy_api.demo.process.DemoProcess` starts it in a process of its own.
"""
