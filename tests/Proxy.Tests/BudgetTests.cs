using System.Text.Json;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests;

/// <summary>What a change may allocate: the collector's pauses are what the slowest changes wait for.</summary>
public class BudgetTests
{
    [Fact]
    public void AChangeStaysWithinItsBudget()
    {
        var budget = Of("proxy").GetProperty("planAndRenderOneChange");
        var cluster = new Cluster();
        var endpoints = Enumerable.Range(1, budget.GetProperty("endpoints").GetInt32()).Select(pod => $"10.244.2.{pod}").ToArray();
        for (var index = 0; index < budget.GetProperty("services").GetInt32(); index++)
        {
            cluster.Service($"s{index}", $"10.96.{index / 250}.{1 + (index % 250)}", 80).Slice($"e{index}", $"s{index}", "8080", endpoints);
        }

        var plan = cluster.Plan();
        var (renderer, _) = RulesetRenderer.Start(plan, 0x4000);
        renderer.Render(plan.ChangesSince(ForwardingPlan.Empty));
        const int Changes = 100;
        long allocated = 0;
        for (var change = 0; change < Changes; change++)
        {
            endpoints[0] = $"10.244.3.{1 + change}";
            cluster.Slice($"e{change}", $"s{change}", "8080", endpoints);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var next = cluster.Plan();
            Assert.Equal(1, renderer.Render(next.ChangesSince(plan)).Ip.Added.Values.Sum(elements => elements.Count));
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            plan = next;
        }

        Assert.InRange(allocated / Changes, 1, budget.GetProperty("bytes").GetInt64());
    }

    /// <summary>The budgets of one part.</summary>
    internal static JsonElement Of(string part)
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Dataplane.sln")))
        {
            directory = directory.Parent ?? throw new FileNotFoundException("Dataplane.sln");
        }

        return JsonDocument.Parse(File.ReadAllText(Path.Combine(directory.FullName, "bench", "budgets.json"))).RootElement.GetProperty(part);
    }
}
