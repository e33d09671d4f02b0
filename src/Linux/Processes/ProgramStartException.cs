namespace Dataplane.Linux.Processes;

/// <summary>The program of a container could not be executed; the text is the one OCI runtimes give.</summary>
public sealed class ProgramStartException(string message) : IOException(message);
