using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.Kubelet.Server;

/// <summary>/configz: what the agent runs with, in the words of kubelet.config.k8s.io/v1beta1.</summary>
internal static class ConfigurationDocument
{
    internal static JsonObject Of(KubeletOptions options) => new()
    {
        ["kubeletconfig"] = new JsonObject
        {
            ["port"] = options.Port,
            ["healthzPort"] = options.HealthzPort,
            ["healthzBindAddress"] = "127.0.0.1",
            ["authentication"] = new JsonObject
            {
                ["webhook"] = new JsonObject { ["enabled"] = options.AuthenticationTokenWebhook, ["cacheTTL"] = "2m0s" },
                ["anonymous"] = new JsonObject { ["enabled"] = options.AnonymousAuth },
            },
            ["authorization"] = new JsonObject
            {
                ["mode"] = $"{options.AuthorizationMode}",
                ["webhook"] = new JsonObject { ["cacheAuthorizedTTL"] = "5m0s", ["cacheUnauthorizedTTL"] = "30s" },
            },
            ["clusterDomain"] = options.ClusterDomain,
            ["clusterDNS"] = new JsonArray([.. options.ClusterDns.Select(one => (JsonNode)$"{one}")]),
            ["nodeStatusUpdateFrequency"] = "10s",
            ["nodeLeaseDurationSeconds"] = 40,
            ["maxPods"] = options.MaxPods,
            ["podCIDR"] = string.Join(',', options.PodCidrs),
            ["resolvConf"] = options.ResolvConf,
            ["containerLogMaxSize"] = $"{options.ContainerLogs.MaxSize}",
            ["containerLogMaxFiles"] = options.ContainerLogs.MaxFiles,
            ["containerLogMonitorInterval"] = GoDuration.Format(options.ContainerLogs.MonitorInterval),
            ["allowedUnsafeSysctls"] = new JsonArray([.. options.AllowedUnsafeSysctls.Select(one => (JsonNode)one)]),
        },
    };
}
