namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>A patch that cannot be read or does not fit the object.</summary>
/// <param name="message">What is wrong and where.</param>
/// <param name="unprocessable">The patch is well formed but does not apply (a failed test, a missing path).</param>
internal sealed class PatchException(string message, bool unprocessable = false) : Exception(message)
{
    public bool Unprocessable { get; } = unprocessable;
}
