namespace Dataplane.Api;

/// <summary>
/// The Kubernetes release whose API and behaviour the suite follows. kubectl and the API server compare it with their own and warn
/// or refuse by the skew (kubernetes.io/releases/version-skew-policy), so every part must tell the same.
/// </summary>
public static class KubernetesVersion
{
    public const string Major = "1";

    public const string Minor = "32";

    /// <summary>The release as semantic version; what stands behind the plus says whose build it is.</summary>
    public const string Git = $"v{Major}.{Minor}.0+dataplane";
}
