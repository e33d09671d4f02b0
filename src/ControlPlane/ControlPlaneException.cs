namespace Dataplane.ControlPlane;

/// <summary>The control plane cannot start; the message is one line that says what and where.</summary>
public sealed class ControlPlaneException(string message, Exception? inner = null) : Exception(message, inner);
