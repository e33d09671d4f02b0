using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What kubectl get pods shows: the one word that sums up a pod, its ready containers, its restarts.</summary>
internal static class PodTable
{
    public static readonly IReadOnlyList<TableColumn> Columns =
    [
        TableColumn.ObjectName, new("Ready"), new("Status"), new("Restarts"), TableColumn.Age, TableColumn.Wide("IP"), TableColumn.Wide("Node"),
        TableColumn.Wide("Nominated Node"), TableColumn.Wide("Readiness Gates"),
    ];

    public static JsonArray Cells(JsonObject pod, DateTimeOffset now)
    {
        var containers = pod.Objects("spec", "containers").Count();
        var restartable = RestartableInits(pod);
        var (initReason, initializing) = InitReason(pod, restartable);
        var statuses = pod.Objects("status", "containerStatuses").ToList();
        var counted = initializing
            ? pod.Objects("status", "initContainerStatuses").ToList()
            : [.. statuses, .. pod.Objects("status", "initContainerStatuses").Where(status => restartable.Contains(status.Text("name") ?? ""))];
        var ready = statuses.Concat(pod.Objects("status", "initContainerStatuses").Where(status => restartable.Contains(status.Text("name") ?? "")))
            .Count(status => status.Boolean("ready") == true);
        return
        [
            TableCell.Name(pod), $"{ready}/{containers + restartable.Count}", Reason(pod, initReason, initializing, statuses), Restarts(counted, now),
            TableCell.Age(pod, now), TableCell.OrNone(pod.Text("status", "podIP")), TableCell.OrNone(pod.Text("spec", "nodeName")),
            TableCell.OrNone(pod.Text("status", "nominatedNodeName")), ReadinessGates(pod),
        ];
    }

    /// <summary>In order of precedence: phase, status.reason, a gate, init containers, the last container that waits or ended, deletion.</summary>
    private static string Reason(JsonObject pod, string? initReason, bool initializing, List<JsonObject> statuses)
    {
        var reason = pod.Text("status", "reason") is { Length: > 0 } given ? given : pod.Text("status", "phase") ?? "";
        if (pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "PodScheduled" && condition.Text("reason") == "SchedulingGated"))
        {
            reason = "SchedulingGated";
        }

        if (initializing)
        {
            reason = initReason!;
        }
        else
        {
            var running = false;
            foreach (var status in Enumerable.Reverse(statuses))
            {
                if (status.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
                {
                    reason = waiting;
                }
                else if (status.Object("state", "terminated") is { } terminated)
                {
                    reason = Ended(terminated);
                }
                else if (status.Boolean("ready") == true && status.Object("state", "running") is not null)
                {
                    running = true;
                }
            }

            if (reason == "Completed" && running)
            {
                reason = IsReady(pod) ? "Running" : "NotReady";
            }
        }

        if (pod.Text("metadata", "deletionTimestamp") is not null)
        {
            var phase = pod.Text("status", "phase");
            return pod.Text("status", "reason") == "NodeLost" ? "Unknown" : phase is "Succeeded" or "Failed" ? reason : "Terminating";
        }

        return reason;
    }

    private static (string? Reason, bool Initializing) InitReason(JsonObject pod, HashSet<string> restartable)
    {
        var total = pod.Objects("spec", "initContainers").Count();
        var index = 0;
        foreach (var status in pod.Objects("status", "initContainerStatuses"))
        {
            var terminated = status.Object("state", "terminated");
            var passed = (terminated is not null && terminated.Integer("exitCode") == 0)
                || (restartable.Contains(status.Text("name") ?? "") && status.Boolean("started") == true);
            if (passed)
            {
                index++;
                continue;
            }

            var waiting = status.Text("state", "waiting", "reason");
            return terminated is not null
                ? ("Init:" + Ended(terminated), true)
                : waiting is { Length: > 0 } and not "PodInitializing" ? ("Init:" + waiting, true) : ($"Init:{index}/{total}", true);
        }

        return (null, false);
    }

    private static string Ended(JsonObject terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Integer("signal") is { } signal and not 0 ? $"Signal:{signal}"
        : $"ExitCode:{terminated.Integer("exitCode") ?? 0}";

    private static string Restarts(List<JsonObject> statuses, DateTimeOffset now)
    {
        var count = statuses.Sum(status => status.Integer("restartCount") ?? 0);
        var last = statuses.Select(status => status.Timestamp("lastState", "terminated", "finishedAt")).Max();
        return count > 0 && last is not null ? $"{count} ({TableCell.Since(last, now)} ago)" : $"{count}";
    }

    private static HashSet<string> RestartableInits(JsonObject pod) =>
        [.. pod.Objects("spec", "initContainers").Where(container => container.Text("restartPolicy") == "Always").Select(container => container.Text("name") ?? "")];

    private static bool IsReady(JsonObject pod) =>
        pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");

    private static string ReadinessGates(JsonObject pod)
    {
        var gates = pod.Objects("spec", "readinessGates").Select(gate => gate.Text("conditionType")).ToList();
        var met = gates.Count(gate => pod.Objects("status", "conditions").Any(condition => condition.Text("type") == gate && condition.Text("status") == "True"));
        return gates.Count == 0 ? "<none>" : $"{met}/{gates.Count}";
    }
}
