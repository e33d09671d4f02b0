using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>/version: the Kubernetes version whose API is served; kubectl warns by its skew from it.</summary>
internal static class ServerVersion
{
    public static JsonObject Document() => new()
    {
        ["major"] = KubernetesVersion.Major,
        ["minor"] = KubernetesVersion.Minor,
        ["gitVersion"] = KubernetesVersion.Git,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/amd64",
    };
}
