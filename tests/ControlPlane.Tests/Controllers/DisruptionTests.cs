using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Disruption;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class DisruptionTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>minAvailable, maxUnavailable, what the controllers want, pods there, ready among them; then expected, desired, allowed.</summary>
    [Theory]
    [InlineData("1", null, 0, 3, 3, 3, 1, 2)]
    [InlineData("3", null, 0, 3, 2, 3, 3, 0)]
    [InlineData("1", null, 0, 0, 0, 0, 1, 0)]
    [InlineData("50%", null, 5, 5, 5, 5, 3, 2)]
    [InlineData("100%", null, 4, 4, 4, 4, 4, 0)]
    [InlineData(null, "1", 3, 3, 3, 3, 2, 1)]
    [InlineData(null, "1", 3, 2, 2, 3, 2, 0)]
    [InlineData(null, "30%", 7, 7, 7, 7, 4, 3)]
    [InlineData(null, "5", 3, 3, 3, 3, 0, 3)]
    [InlineData(null, "0", 3, 3, 3, 3, 3, 0)]
    public void A_budget_becomes_a_number_of_disruptions(string? min, string? max, int scale, int pods, int ready, int expected, int desired, int allowed)
    {
        var budget = Budget(Bound(min), Bound(max));

        var status = DisruptionPlan.Of(budget, [.. Enumerable.Range(0, pods).Select(i => Pod($"p{i}", i < ready))], scale, Now).Status;

        Assert.Equal((expected, desired, ready, allowed), (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed));
        var condition = Assert.Single(status.Conditions);
        Assert.Equal(
            ("DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods"),
            (condition.Type, condition.Status, condition.Reason));
    }

    [Fact]
    public void An_allowed_eviction_counts_until_it_is_seen_or_two_minutes_are_over()
    {
        var budget = Budget(new IntOrString(1), null);
        budget.Status.DisruptedPods = new() { ["going"] = Now.AddSeconds(-30), ["stuck"] = Now.AddSeconds(-121), ["gone"] = Now.AddSeconds(-5) };
        var going = Pod("going", ready: true);

        var plan = DisruptionPlan.Of(budget, [going, Pod("stuck", ready: true), Pod("other", ready: true)], 0, Now);

        Assert.Equal(["going"], plan.Status.DisruptedPods.Keys);
        Assert.Equal(2, plan.Status.CurrentHealthy);
        Assert.Equal("stuck", Assert.Single(plan.Undeleted).Metadata.Name);
        Assert.Equal(TimeSpan.FromSeconds(90), plan.Recheck);
    }

    [Fact]
    public async Task A_deployment_is_drained_one_pod_at_a_time()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 3), cluster.Cancellation);
        var budget = Budget(null, new IntOrString("34%"));
        budget.Metadata = new ObjectMeta { Name = "web", Namespace = "default" };
        budget.Spec.Selector = new LabelSelector { MatchLabels = { ["app"] = "web" } };
        await cluster.Client.CreateAsync(budget, cluster.Cancellation);
        await AllowedAsync(2);
        budget = await cluster.Client.GetAsync<PodDisruptionBudget>("default", "web", cluster.Cancellation);
        await cluster.Client.UpdateAsync(budget with { Spec = budget.Spec with { MaxUnavailable = new IntOrString(1) } }, cancellationToken: cluster.Cancellation);
        await AllowedAsync(1);

        var uids = (await cluster.PodsAsync("web")).Select(pod => pod.Metadata.UID).ToHashSet();
        foreach (var pod in await cluster.PodsAsync("web"))
        {
            await AllowedAsync(1);
            await cluster.Client.PostAsync(Api.Pod.Resource, NamespacedName.Of(pod), "eviction", Eviction(pod), cluster.Cancellation);
        }

        await cluster.UntilAsync<Pod>("three others", pods => pods.Count == 3 && pods.TrueForAll(pod => !uids.Contains(pod.Metadata.UID)), "app=web");

        Task AllowedAsync(int count) => cluster.UntilAsync<PodDisruptionBudget>(
            $"{count} allowed", list => list[0].Status.DisruptionsAllowed == count && list[0].Status.DisruptedPods.Count == 0
                && list[0].Status.ObservedGeneration == list[0].Metadata.Generation);
    }

    [Fact]
    public async Task A_pod_without_a_controller_fails_a_relative_budget_safely_only_when_its_owner_is_unknown()
    {
        await using var cluster = await StartAsync();
        var pod = Pod("orphan", ready: true);
        pod.Metadata.Namespace = "default";
        pod.Spec = Template("web").Spec;
        pod.Metadata.OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "ConfigMap", Name = "none", UID = "1", Controller = true }];
        var created = await cluster.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "none", Namespace = "default" } }, cluster.Cancellation);
        pod.Metadata.OwnerReferences[0].UID = created.Metadata.UID;
        await cluster.Client.CreateAsync(pod, cluster.Cancellation);
        var budget = Budget(null, new IntOrString(1));
        budget.Metadata = new ObjectMeta { Name = "web", Namespace = "default" };
        await cluster.Client.CreateAsync(budget, cluster.Cancellation);

        var failed = await cluster.UntilAsync<PodDisruptionBudget>("failed", list => list[0].Status.Conditions.Exists(condition => condition.Reason == "SyncFailed"));

        Assert.Equal("configmaps does not implement the scale subresource", failed[0].Status.Conditions[0].Message);
        Assert.Equal(0, failed[0].Status.DisruptionsAllowed);
    }

    private static Binding Eviction(Pod pod) => new() { ApiVersion = "policy/v1", Kind = "Eviction", Metadata = new ObjectMeta { Name = pod.Metadata.Name } };

    private static IntOrString? Bound(string? text)
    {
        if (text is null)
        {
            return null;
        }

        return int.TryParse(text, out var number) ? new IntOrString(number) : new IntOrString(text);
    }

    private static PodDisruptionBudget Budget(IntOrString? min, IntOrString? max) =>
        new() { Spec = new PodDisruptionBudgetSpec { MinAvailable = min, MaxUnavailable = max, Selector = new LabelSelector() } };

    private static Pod Pod(string name, bool ready) => new()
    {
        Metadata = new ObjectMeta { Name = name, Labels = { ["app"] = "web" } },
        Status = new PodStatus { Conditions = [new PodCondition { Type = "Ready", Status = ready ? "True" : "False" }] },
    };
}
