namespace Dataplane.Kubelet.Runtimes;

/// <summary>Who fetches an image from a registry.</summary>
internal sealed record RegistryCredential(string Username, string Password)
{
    /// <summary>Without the password, which belongs in no log.</summary>
    public override string ToString() => Username;
}
