using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>What a daemon set needs next.</summary>
/// <param name="Delete">Pods to delete.</param>
/// <param name="Ended">Pods that have failed or ended, to be deleted so that others take their place; failed ones not too often.</param>
/// <param name="Create">Nodes to get a pod.</param>
internal sealed record DaemonPlan(List<Pod> Delete, List<Pod> Ended, List<string> Create)
{
    public bool IsEmpty => Delete.Count + Ended.Count + Create.Count == 0;

    public static DaemonPlan Empty() => new([], [], []);
}

/// <summary>Decides which nodes get and lose pods. Pure.</summary>
internal static class DaemonPlanner
{
    private static readonly IntOrString One = 1;

    /// <summary>Brings every node to one pod, or none.</summary>
    public static DaemonPlan Place(DaemonView view)
    {
        var plan = DaemonPlan.Empty();
        var surges = Limits(view).Surge > 0;
        foreach (var node in view.Nodes)
        {
            var (run, stay) = view.Placement(node);
            var pods = view.On(node);
            if (run && pods.Count == 0)
            {
                plan.Create.Add(node.Metadata.Name);
            }
            else if (stay)
            {
                var alive = pods.FindAll(pod => pod.Metadata.DeletionTimestamp is null);
                plan.Ended.AddRange(alive.Where(HasEnded));
                plan.Delete.AddRange(Surplus(view, alive.FindAll(pod => !HasEnded(pod)), surges));
            }
            else
            {
                plan.Delete.AddRange(pods.Where(pod => pod.Metadata.DeletionTimestamp is null));
            }
        }

        // A pod still waiting for a node that has gone waits for ever.
        var known = view.Nodes.Select(node => node.Metadata.Name).ToHashSet();
        plan.Delete.AddRange(view.Pods.Where(pair => !known.Contains(pair.Key)).SelectMany(pair => pair.Value)
            .Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName) && pod.Metadata.DeletionTimestamp is null));
        return plan;
    }

    /// <summary>The next step from old pods to new ones, within maxUnavailable or maxSurge.</summary>
    public static DaemonPlan Roll(DaemonView view)
    {
        var (surge, unavailable) = Limits(view);
        return surge > 0 ? Surge(view, surge) : Replace(view, unavailable);
    }

    public static bool HasEnded(Pod pod) => pod.Status.Phase is "Failed" or "Succeeded";

    /// <summary>Both round up; neither would be an update that never moves.</summary>
    private static (int Surge, int Unavailable) Limits(DaemonView view)
    {
        var desired = view.Nodes.Count(node => view.Placement(node).Run);
        var rolling = view.Set.Spec.UpdateStrategy.Type == "OnDelete" ? null : view.Set.Spec.UpdateStrategy.RollingUpdate;
        var surge = (rolling?.MaxSurge ?? 0).Scale(desired, roundUp: true);
        var unavailable = (rolling?.MaxUnavailable ?? One).Scale(desired, roundUp: true);
        return (surge, surge == 0 && unavailable == 0 ? 1 : unavailable);
    }

    private static IEnumerable<Pod> Surplus(DaemonView view, List<Pod> running, bool surges)
    {
        if (!surges)
        {
            return running.Skip(1);
        }

        // One of each kind may run while the new one gets ready.
        var current = running.FindAll(view.IsCurrent);
        var old = running.FindAll(pod => !view.IsCurrent(pod));
        var replaced = current.Count > 0 && old.Count > 0 && (!PodEndpoints.IsReady(old[0]) || view.IsAvailable(current[0]));
        return [.. current.Skip(1), .. old.Skip(replaced ? 0 : 1)];
    }

    private static DaemonPlan Replace(DaemonView view, int maxUnavailable)
    {
        var plan = DaemonPlan.Empty();
        var candidates = new List<Pod>();
        var unavailable = 0;
        foreach (var pods in view.Pods.Values)
        {
            var (current, old, clear) = Split(view, pods);
            if (!clear || (current is null) == (old is null))
            {
                // Being put in order, or between two pods.
                unavailable++;
            }
            else if (current is not null)
            {
                unavailable += view.IsAvailable(current) ? 0 : 1;
            }
            else if (view.IsAvailable(old!))
            {
                candidates.Add(old!);
            }
            else
            {
                // It serves nobody: replacing it costs nothing.
                plan.Delete.Add(old!);
                unavailable++;
            }
        }

        plan.Delete.AddRange(candidates.Take(Math.Max(0, maxUnavailable - unavailable)));
        return plan;
    }

    private static DaemonPlan Surge(DaemonView view, int maxSurge)
    {
        var plan = DaemonPlan.Empty();
        var candidates = new List<string>();
        var surging = 0;
        foreach (var node in view.Nodes)
        {
            var (current, old, clear) = Split(view, view.On(node));
            if (!clear)
            {
                surging++;
            }
            else if (old is null)
            {
                continue;
            }
            else if (!view.Placement(node).Run)
            {
                // No second pod may go there: the old one makes room.
                plan.Delete.Add(old);
            }
            else if (current is null)
            {
                (view.IsAvailable(old) ? candidates : plan.Create).Add(node.Metadata.Name);
            }
            else if (view.IsAvailable(current))
            {
                plan.Delete.Add(old);
            }
            else
            {
                surging++;
            }
        }

        plan.Create.AddRange(candidates.Take(Math.Max(0, maxSurge - surging)));
        return plan;
    }

    /// <summary>The current and the old pod of a node; not clear when there are two of a kind.</summary>
    private static (Pod? Current, Pod? Old, bool Clear) Split(DaemonView view, List<Pod> pods)
    {
        var alive = pods.FindAll(pod => pod.Metadata.DeletionTimestamp is null);
        var current = alive.FindAll(view.IsCurrent);
        var old = alive.FindAll(pod => !view.IsCurrent(pod));
        return (current.FirstOrDefault(), old.FirstOrDefault(), current.Count <= 1 && old.Count <= 1);
    }
}
