using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>
/// A pod that plugins have connected, as it is kept on disk: to disconnect it, the same plugins are called with the same configuration and arguments,
/// whatever stands in the configuration's directory by then.
/// </summary>
internal sealed record CniAttachment(string Uid, string Namespace, string Arguments, JsonObject Capabilities, JsonObject Configuration, JsonObject? Result)
{
    internal static CniAttachment? Read(string file)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(file)) is JsonObject root
                && root["configuration"] is JsonObject configuration
                ? new CniAttachment(
                    Path.GetFileNameWithoutExtension(file), $"{root["namespace"]}", $"{root["arguments"]}",
                    root["capabilities"] as JsonObject ?? [], configuration, root["result"] as JsonObject)
                : null;
        }
        catch (Exception unusable) when (unusable is System.Text.Json.JsonException or IOException)
        {
            return null;
        }
    }

    /// <summary>Beside the old one, then in its place: a half-written one is never read.</summary>
    internal void Write(string file)
    {
        var root = new JsonObject
        {
            ["namespace"] = Namespace,
            ["arguments"] = Arguments,
            ["capabilities"] = Capabilities.DeepClone(),
            ["configuration"] = Configuration.DeepClone(),
            ["result"] = Result?.DeepClone(),
        };
        File.WriteAllText(file + ".new", root.ToJsonString());
        File.Move(file + ".new", file, overwrite: true);
    }
}
