using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>/version: the Kubernetes version whose API is served; kubectl warns by its skew from it.</summary>
internal static class ServerVersion
{
    public const string Git = "v1.32.0+dataplane";

    public static JsonObject Document() => new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = Git,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/amd64",
    };
}
