using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>POST pods/NAME/eviction: a deletion that asks the pod's disruption budget first.</summary>
internal sealed class EvictionHandler(ObjectReader reader, ObjectWriter writer, ObjectDeleter deleter, IStore store, ResourceCatalog catalog, TimeProvider time)
{
    /// <summary>How long a client waits for a budget that nobody has computed yet.</summary>
    private const int UncomputedRetrySeconds = 10;

    /// <summary>More than this many unconfirmed evictions mean that nobody keeps the budget.</summary>
    private const int MaxDisruptedPods = 2000;

    private const string DisruptionTarget = "DisruptionTarget";

    private readonly ResourceDescriptor _budgets = catalog.Find("policy", "poddisruptionbudgets");

    /// <exception cref="StatusException">404 without such a pod, 429 when its budget allows no disruption.</exception>
    public async Task HandleAsync(ApiRequest request)
    {
        var names = request.Descriptor.Names with { Group = "policy", Kind = "Eviction" };
        var eviction = await RequestBody.ReadObjectAsync(request.Http, names, "policy.Eviction");
        if (eviction.Text("metadata", "name") is { Length: > 0 } name && name != request.Name)
        {
            throw StatusException.BadRequest("name in URL does not match name in Eviction object");
        }

        var wish = DeleteWish.From(eviction.Object("deleteOptions") ?? []);
        wish = wish with { DryRun = wish.DryRun || request.DryRun };
        var pod = reader.Get(request.Descriptor, request.Namespace, request.Name);
        var document = pod.Document();
        ObjectIdentity.CheckUid(request.Descriptor.Names.Qualified, request.Name, wish.Uid, document);
        ObjectIdentity.CheckVersion(request.Descriptor.Names.Qualified, request.Name, wish.ResourceVersion, document);
        if (NeedsBudget(document) && BudgetOf(pod) is { } budget)
        {
            await SpendAsync(budget, document, request, wish.DryRun);
        }

        var marked = await writer.AmendAsync(request.Descriptor, request.Namespace, request.Name, UpdateScope.Status, Mark, wish.DryRun);
        wish = string.IsNullOrEmpty(wish.ResourceVersion) ? wish : wish with { ResourceVersion = marked.Modified.ToString() };
        await deleter.DeleteAsync(request.Descriptor, request.Namespace, request.Name, wish);
        await ResponseWriter.WriteTypedAsync(request.Http, Success(), "meta.Status", 201);
    }

    /// <summary>Says in the pod why it ends (KEP-3329).</summary>
    private JsonObject Mark(JsonObject pod)
    {
        var conditions = pod.Ensure("status").Objects("conditions").Where(condition => condition.Text("type") != DisruptionTarget).Select(condition => condition.DeepClone());
        pod.Ensure("status")["conditions"] = new JsonArray([.. conditions, new JsonObject
        {
            ["type"] = DisruptionTarget,
            ["status"] = "True",
            ["reason"] = "EvictionByEvictionAPI",
            ["message"] = "Eviction API: evicting",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = ObjectJson.Time(time.GetUtcNow()),
        }]);
        return pod;
    }

    /// <summary>A pod that serves nobody, or that goes anyway, disrupts nothing.</summary>
    private static bool NeedsBudget(JsonObject pod) =>
        pod.Text("status", "phase") is not ("Succeeded" or "Failed" or "Pending") && pod.Text("metadata", "deletionTimestamp") is null;

    private StoredObject? BudgetOf(StoredObject pod)
    {
        var budgets = store.Current.List(_budgets.Prefix(pod.Namespace)).Where(budget => Selects(budget.Document(), pod)).ToList();
        return budgets.Count <= 1
            ? budgets.FirstOrDefault()
            : throw StatusException.Internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    }

    private static bool Selects(JsonObject budget, StoredObject pod) =>
        budget.Object("spec", "selector") is { } selector
        && LabelSelectorExpression.Of(ApiJson.Deserialize<LabelSelector>(ObjectJson.Encode(selector))).Matches(pod.Labels);

    /// <summary>Takes one disruption from a budget; the disruption controller sees in disruptedPods for whom.</summary>
    private async Task SpendAsync(StoredObject budget, JsonObject pod, ApiRequest request, bool dryRun)
    {
        if (MayGoUnhealthy(budget.Document(), pod))
        {
            return;
        }

        await writer.AmendAsync(_budgets, request.Namespace, budget.Name, UpdateScope.Status, Spend, dryRun);

        JsonObject Spend(JsonObject current)
        {
            var status = current.Ensure("status");
            if ((status.Integer("observedGeneration") ?? 0) < (current.Integer("metadata", "generation") ?? 0))
            {
                throw Blocked($"The disruption budget {budget.Name} is still being processed by the server.", UncomputedRetrySeconds);
            }

            var allowed = status.Integer("disruptionsAllowed") ?? 0;
            if (allowed < 0 || status.Object("disruptedPods")?.Count > MaxDisruptedPods)
            {
                throw StatusException.Forbidden(
                    _budgets.Names.Qualified,
                    budget.Name,
                    allowed < 0 ? "pdb disruptions allowed is negative" : "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
            }

            var failed = status.Objects("conditions").FirstOrDefault(condition => condition.Text("reason") == "SyncFailed");
            if (allowed == 0 && failed is not null)
            {
                throw Blocked(
                    $"The disruption budget {budget.Name} does not allow evicting pods currently because it failed sync: {failed.Text("message")}");
            }

            if (allowed == 0)
            {
                throw Blocked(
                    $"The disruption budget {budget.Name} needs {status.Integer("desiredHealthy") ?? 0} healthy pods and has {status.Integer("currentHealthy") ?? 0} currently");
            }

            status["disruptionsAllowed"] = allowed - 1;
            status.Ensure("disruptedPods")[request.Name] = ObjectJson.Time(time.GetUtcNow());
            return current;
        }
    }

    /// <summary>spec.unhealthyPodEvictionPolicy (KEP-3017): a pod that is not ready counts for nothing while enough others are.</summary>
    private static bool MayGoUnhealthy(JsonObject budget, JsonObject pod)
    {
        var ready = pod.Objects("status", "conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True");
        var (healthy, desired) = (budget.Integer("status", "currentHealthy") ?? 0, budget.Integer("status", "desiredHealthy") ?? 0);
        return !ready && (budget.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || (desired > 0 && healthy >= desired));
    }

    private static StatusException Blocked(string why, int retryAfterSeconds = 0)
    {
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }) };
        if (retryAfterSeconds > 0)
        {
            details["retryAfterSeconds"] = retryAfterSeconds;
        }

        return new StatusException(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details);
    }

    private static JsonObject Success() => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = 201,
    };
}
