namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>A patch that cannot be read or does not fit the object.</summary>
/// <param name="message">What is wrong and where.</param>
internal sealed class PatchException(string message) : Exception(message)
{
    /// <summary>It asks for more than a patch may.</summary>
    public bool TooLarge { get; init; }
}
