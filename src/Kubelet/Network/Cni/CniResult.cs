using System.Net;
using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>What a plugin answered to ADD, in any version of the format.</summary>
internal static class CniResult
{
    /// <summary>The pod's addresses in the order given, those of other devices left out.</summary>
    /// <remarks>
    /// <code>
    /// 0.1, 0.2   {"ip4": {"ip": "10.1.0.5/16"}, "ip6": {"ip": "..."}}
    /// 0.3 on     {"interfaces": [{"name", "sandbox"}], "ips": [{"address": "10.1.0.5/16", "interface": 2}]}
    /// </code>
    /// </remarks>
    /// <exception cref="CniException">No address, or one that is none.</exception>
    internal static IReadOnlyList<IPAddress> Addresses(JsonObject result)
    {
        var interfaces = result["interfaces"] as JsonArray;
        var texts = result["ips"] is JsonArray ips
            ? ips.OfType<JsonObject>().Where(one => IsInSandbox(one, interfaces)).Select(one => one["address"]?.ToString())
            : ((string[])["ip4", "ip6"]).Select(key => result[key]?["ip"]?.ToString()).Where(text => text is not null);
        IPAddress[] addresses = [.. texts.Select(text => Parse(text ?? ""))];
        return addresses.Length > 0 ? addresses : throw new CniException("the plugins gave the pod no IP address");
    }

    /// <summary>An address without a device is the pod's; a device without a sandbox is the node's.</summary>
    private static bool IsInSandbox(JsonObject ip, JsonArray? interfaces) =>
        ip["interface"] is not JsonValue value || !value.TryGetValue<int>(out var index) || interfaces is null
        || index < 0 || index >= interfaces.Count || !string.IsNullOrEmpty(interfaces[index]?["sandbox"]?.ToString());

    private static IPAddress Parse(string text) => IPAddress.TryParse(text.Split('/')[0], out var address)
        ? address
        : throw new CniException($"the plugins gave the pod \"{text}\", which is no IP address");
}

/// <summary>A plugin failed or said something impossible; the message is for the pod's event.</summary>
internal sealed class CniException(string message, Exception? inner = null) : IOException(message, inner);
