using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>RFC 7386: objects merge, null removes, everything else replaces.</summary>
internal static class MergePatch
{
    /// <returns>The target itself, changed.</returns>
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject child:
                    target[name] = Apply(target[name] is JsonObject existing ? (JsonObject)existing.DeepClone() : [], child);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }

        return target;
    }
}
