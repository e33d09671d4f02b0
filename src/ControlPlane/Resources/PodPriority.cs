using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Gives a new pod the number of its PriorityClass, or of the class that is the default for all.</summary>
internal static class PodPriority
{
    private const string Prefix = "/registry/priorityclasses/";

    /// <exception cref="StatusException">403: no such class, or the pod names another number than its class has.</exception>
    public static void Admit(ResourceNames names, JsonObject pod, StoreSnapshot snapshot)
    {
        var spec = pod.Ensure("spec");
        var name = spec.Text("priorityClassName") ?? "";
        var found = name.Length > 0 ? snapshot.Get(Prefix + name)?.Document() : GlobalDefault(snapshot);
        var podName = pod.Text("metadata", "name") ?? "";
        if (found is null && name.Length > 0)
        {
            throw StatusException.Forbidden(names.Qualified, podName, $"no PriorityClass with name {name} was found");
        }

        var value = found?.Integer("value") ?? 0;
        if (spec.Integer("priority") is { } given && given != value)
        {
            throw StatusException.Forbidden(
                names.Qualified,
                podName,
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name");
        }

        var preemption = found?.Text("preemptionPolicy") ?? "PreemptLowerPriority";
        if (spec.Text("preemptionPolicy") is { } policy && policy != preemption)
        {
            throw StatusException.Forbidden(
                names.Qualified,
                podName,
                $"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission controller computed {preemption} from the given PriorityClass name");
        }

        if (found is not null)
        {
            spec["priorityClassName"] = found.Text("metadata", "name");
        }

        spec["priority"] = value;
        spec["preemptionPolicy"] = preemption;
    }

    /// <summary>Of several defaults the one with the lowest number, as upstream chooses.</summary>
    private static JsonObject? GlobalDefault(StoreSnapshot snapshot) =>
        snapshot.List(Prefix).Select(stored => stored.Document()).Where(obj => obj.Boolean("globalDefault") == true).MinBy(obj => obj.Integer("value") ?? 0);
}
