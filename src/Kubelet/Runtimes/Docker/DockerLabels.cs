using System.Globalization;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>
/// How a node's containers are told from others: names and labels of cri-dockerd, so that tools that look for pods find them, and
/// one label of ours for nodes that share an engine.
/// </summary>
internal static class DockerLabels
{
    internal const string Type = "io.kubernetes.docker.type";
    internal const string SandboxId = "io.kubernetes.sandbox.id";
    internal const string Sandbox = "podsandbox";
    internal const string Container = "container";
    internal const string Uid = "io.kubernetes.pod.uid";
    internal const string Name = "io.kubernetes.container.name";
    internal const string Attempt = "io.kubernetes.container.restartCount";
    internal const string LogPath = "io.kubernetes.container.logpath";
    internal const string Node = "dataplane.node";

    internal static JsonObject Of(PodIdentity pod, string node, string type, string? container, int attempt, string? logPath)
    {
        var labels = new JsonObject
        {
            [Type] = type,
            [Node] = node,
            [Uid] = pod.Uid,
            ["io.kubernetes.pod.namespace"] = pod.Namespace,
            ["io.kubernetes.pod.name"] = pod.Name,
            [Name] = container ?? "POD",
        };
        if (container is not null)
        {
            labels[Attempt] = attempt.ToString(CultureInfo.InvariantCulture);
            labels[LogPath] = logPath;
        }

        return labels;
    }

    internal static string ContainerName(PodIdentity pod, string container, int attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"k8s_{container}_{pod.Name}_{pod.Namespace}_{pod.Uid}_{attempt}");

    /// <summary>For the <c>filters</c> parameter of a list.</summary>
    internal static string Filter(string label, string value) =>
        Uri.EscapeDataString(new JsonObject { ["label"] = new JsonArray($"{label}={value}") }.ToJsonString());
}
