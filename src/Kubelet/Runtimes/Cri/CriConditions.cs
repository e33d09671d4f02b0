using Dataplane.Kubelet.Runtimes.Cri.V1;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>What a runtime says of itself. Those who run clusters know these lines from their nodes' Ready condition.</summary>
internal static class CriConditions
{
    /// <returns>Null when it says of both that they are ready.</returns>
    internal static string? Problem(RuntimeStatus? status)
    {
        string[] problems = [.. Missing("RuntimeReady", "container runtime not ready"), .. Missing("NetworkReady", "container runtime network not ready")];
        return problems switch
        {
            [] => null,
            [var one] => one,
            _ => $"[{string.Join(", ", problems)}]",
        };

        IEnumerable<string> Missing(string type, string words)
        {
            var condition = status?.Conditions.FirstOrDefault(one => one.Type == type);
            if (condition is not { Status: true })
            {
                yield return condition is null ? $"{words}: <nil>" : $"{words}: {type}=false reason:{condition.Reason} message:{condition.Message}";
            }
        }
    }
}
