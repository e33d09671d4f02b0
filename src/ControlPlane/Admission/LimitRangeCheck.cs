using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Admission;

/// <summary>Holds pods and claims to the minima, maxima and ratios of their namespace's LimitRanges, in upstream's words.</summary>
internal static class LimitRangeCheck
{
    private const string Prefix = "/registry/limitranges/";

    /// <exception cref="Machinery.Errors.StatusException">403: the first LimitRange that is not kept, with all that is wrong by it.</exception>
    public static void Check(AdmissionRequest request, StoreSnapshot snapshot)
    {
        if (request.Descriptor.Names is not { Group: "", Plural: "pods" or "persistentvolumeclaims" })
        {
            return;
        }

        foreach (var stored in snapshot.List($"{Prefix}{request.Namespace}/"))
        {
            var wrong = new List<string>();
            foreach (var item in stored.Document().Objects("spec", "limits"))
            {
                Check(request, item, wrong);
            }

            wrong = [.. wrong.Distinct()];
            if (wrong.Count > 0)
            {
                throw request.Forbidden(wrong.Count == 1 ? wrong[0] : $"[{string.Join(", ", wrong)}]");
            }
        }
    }

    private static void Check(AdmissionRequest request, JsonObject item, List<string> wrong)
    {
        var spec = request.Object.Object("spec") ?? [];
        var (type, isPod) = (item.Text("type") ?? "", request.Descriptor.Names.Plural == "pods");
        switch (type)
        {
            case "Container" when isPod:
                foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
                {
                    var resources = container.Object("resources") ?? [];
                    Bounds(item, type, ResourceAmounts.Of(resources.Object("requests")), ResourceAmounts.Of(resources.Object("limits")), wrong);
                }

                break;
            case "Pod" when isPod:
                Bounds(item, type, PodAmounts.Requests(spec), PodAmounts.Limits(spec), wrong);
                break;
            case "PersistentVolumeClaim" when !isPod:
                var requests = ResourceAmounts.Of(spec.Object("resources", "requests"));
                Minima(item, type, requests, [], wrong);
                MaximalRequests(item, type, requests, wrong);
                break;
        }
    }

    private static void Bounds(JsonObject item, string type, ResourceAmounts requests, ResourceAmounts limits, List<string> wrong)
    {
        Minima(item, type, requests, limits, wrong);
        foreach (var (resource, bound) in ResourceAmounts.Of(item.Object("max")))
        {
            var text = $"maximum {resource} usage per {type} is {bound.Canonical()}";
            if (!limits.TryGetValue(resource, out var limit))
            {
                wrong.Add($"{text}.  No limit is specified");
            }
            else if (limit.Value > bound.Value)
            {
                wrong.Add($"{text}, but limit is {limit.Canonical()}");
            }
            else if (requests.TryGetValue(resource, out var request) && request.Value > bound.Value)
            {
                wrong.Add($"{text}, but request is {request.Canonical()}");
            }
        }

        foreach (var (resource, bound) in ResourceAmounts.Of(item.Object("maxLimitRequestRatio")))
        {
            Ratio(resource, type, bound, requests, limits, wrong);
        }
    }

    private static void Minima(JsonObject item, string type, ResourceAmounts requests, ResourceAmounts limits, List<string> wrong)
    {
        foreach (var (resource, bound) in ResourceAmounts.Of(item.Object("min")))
        {
            var text = $"minimum {resource} usage per {type} is {bound.Canonical()}";
            if (!requests.TryGetValue(resource, out var request))
            {
                wrong.Add($"{text}.  No request is specified");
            }
            else if (request.Value < bound.Value)
            {
                wrong.Add($"{text}, but request is {request.Canonical()}");
            }
            else if (limits.TryGetValue(resource, out var limit) && limit.Value < bound.Value)
            {
                wrong.Add($"{text}, but limit is {limit.Canonical()}");
            }
        }
    }

    /// <summary>Claims have no limits: what they request may not be more.</summary>
    private static void MaximalRequests(JsonObject item, string type, ResourceAmounts requests, List<string> wrong)
    {
        foreach (var (resource, bound) in ResourceAmounts.Of(item.Object("max")))
        {
            var text = $"maximum {resource} usage per {type} is {bound.Canonical()}";
            if (!requests.TryGetValue(resource, out var request))
            {
                wrong.Add($"{text}.  No request is specified");
            }
            else if (request.Value > bound.Value)
            {
                wrong.Add($"{text}, but request is {request.Canonical()}");
            }
        }
    }

    private static void Ratio(string resource, string type, Quantity bound, ResourceAmounts requests, ResourceAmounts limits, List<string> wrong)
    {
        var text = $"{resource} max limit to request ratio per {type} is {bound.Canonical()}";
        if (requests.GetValueOrDefault(resource) is not { Value: > 0 } request)
        {
            wrong.Add($"{text}, but no request is specified or request is 0");
        }
        else if (limits.GetValueOrDefault(resource) is not { Value: > 0 } limit)
        {
            wrong.Add($"{text}, but no limit is specified or limit is 0");
        }
        else if (limit.Value / request.Value > bound.Value)
        {
            wrong.Add($"{text}, but provided ratio is {(limit.Value / request.Value).ToString("F6", CultureInfo.InvariantCulture)}");
        }
    }
}
