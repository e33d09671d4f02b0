using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using NSubstitute;

namespace Dataplane.Kubelet.Tests.Pods;

public sealed class PodStatusPlanTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    /// <summary>Containers: r runs, - has not run yet, a digit is an exit code; before the bar are init containers.</summary>
    [Theory]
    [InlineData("Always", "|-", "Pending")]
    [InlineData("Always", "|r", "Running")]
    [InlineData("Always", "|r-", "Pending")]
    [InlineData("Always", "|r1", "Running")]
    [InlineData("Always", "|00", "Running")]
    [InlineData("OnFailure", "|00", "Succeeded")]
    [InlineData("OnFailure", "|01", "Running")]
    [InlineData("Never", "|00", "Succeeded")]
    [InlineData("Never", "|01", "Failed")]
    [InlineData("Never", "|0r", "Running")]
    [InlineData("Never", "r|-", "Pending")]
    [InlineData("Never", "0|r", "Running")]
    [InlineData("Never", "1|-", "Failed")]
    [InlineData("Always", "1|-", "Pending")]
    [InlineData("Always", "0-|-", "Pending")]
    public void ThePhaseFollowsTheContainers(string policy, string containers, string phase)
    {
        var (inits, mains) = (containers.Split('|')[0], containers.Split('|')[1]);
        Assert.Equal(phase, PodStatusPlan.Phase(policy, Runs(inits, true), Runs(mains, false)));
    }

    [Fact]
    public void ReadinessNamesTheContainersThatAreNotAndKeepsTheTimeOfTheLastChange()
    {
        var runs = Runs("rr", false);
        runs[1].Ready = false;
        var pod = new Pod();
        var status = Build(pod, runs, Now);
        var ready = status.Conditions.Single(condition => condition.Type == "Ready");
        Assert.Equal(("False", "ContainersNotReady", "containers with unready status: [c1]"), (ready.Status, ready.Reason, ready.Message));

        runs[1].Ready = true;
        var later = Build(pod with { Status = status }, runs, Now.AddMinutes(1));
        Assert.Equal(Now.AddMinutes(1), later.Conditions.Single(condition => condition.Type == "Ready").LastTransitionTime);
        Assert.Equal(Now, later.Conditions.Single(condition => condition.Type == "Initialized").LastTransitionTime);
        Assert.Equal(Now, later.Conditions.Single(condition => condition.Type == "PodScheduled").LastTransitionTime);
    }

    /// <summary>The pod's containers and an ephemeral one, as above; the phase and whether the pod is ready.</summary>
    [Theory]
    [InlineData("Always", "r", "1", "Running", "True")]
    [InlineData("Always", "r", "-", "Running", "True")]
    [InlineData("Always", "-", "r", "Pending", "False")]
    [InlineData("Never", "0", "1", "Succeeded", "False")]
    [InlineData("Never", "1", "0", "Failed", "False")]
    [InlineData("Never", "0", "r", "Running", "False")]
    public void AnEphemeralContainerIsOfNoAccount(string policy, string containers, string ephemeral, string phase, string ready)
    {
        var added = Runs(ephemeral, false, isEphemeral: true);
        var pod = new Pod { Spec = new PodSpec { RestartPolicy = policy } };
        var status = PodStatusPlan.Build(pod, [.. Runs(containers, false), .. added], true, ["10.244.1.5"], ["172.30.0.11"], Now, null, Now);
        Assert.Equal((phase, ready), (status.Phase, status.Conditions.Single(condition => condition.Type == "Ready").Status));
        Assert.Equal((1, 1), (status.ContainerStatuses.Count, status.EphemeralContainerStatuses.Count));
        Assert.Equal((false, (bool?)null), (status.EphemeralContainerStatuses[0].Ready, status.EphemeralContainerStatuses[0].Started));
        Assert.Equal(ephemeral == "-", added[0].Running is null && added[0].IsWanted(policy));
    }

    [Fact]
    public void OnlyWhatChangedIsSentAndWhatWentIsNull()
    {
        var before = new PodStatus { Phase = "Pending", Message = "because", PodIP = "10.0.0.1" };
        var after = new PodStatus { Phase = "Running", PodIP = "10.0.0.1" };
        var patch = PodStatusWriter.Difference(before, after);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"phase":"Running","message":null}"""), patch), patch.ToJsonString());
        Assert.Empty(PodStatusWriter.Difference(after, after));
    }

    [Fact]
    public void ConditionsOfOthersAreNeverSentAndAddressesReplaceTheOldOnes()
    {
        var before = new PodStatus
        {
            NominatedNodeName = "kept",
            Conditions =
            [
                new PodCondition { Type = "example.com/gate", Status = "True" },
                new PodCondition { Type = "Ready", Status = "False", Reason = "PodFailed", ObservedGeneration = 3 },
                new PodCondition { Type = "Initialized", Status = "True", ObservedGeneration = 3 },
            ],
            PodIPs = [new PodIP { IP = "10.0.0.1" }],
        };
        var after = new PodStatus
        {
            Conditions = [new PodCondition { Type = "Ready", Status = "True" }, new PodCondition { Type = "Initialized", Status = "True" }],
            PodIPs = [new PodIP { IP = "10.0.0.2" }],
        };

        var patch = PodStatusWriter.Difference(before, after);

        const string expected = """
            {"conditions":[{"type":"Ready","status":"True","reason":null}],"podIPs":[{"$patch":"replace"},{"ip":"10.0.0.2"}]}
            """;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), patch), patch.ToJsonString());
    }

    [Theory]
    [InlineData("", "False", "ReadinessGatesNotReady", "corresponding condition of pod readiness gate \"example.com/gate\" does not exist.")]
    [InlineData("False", "False", "ReadinessGatesNotReady", "the status of pod readiness gate \"example.com/gate\" is not \"True\", but False")]
    [InlineData("True", "True", null, null)]
    public void APodIsReadyOnlyWhenItsGatesAre(string gate, string ready, string? reason, string? message)
    {
        var pod = new Pod { Spec = new PodSpec { ReadinessGates = [new PodReadinessGate { ConditionType = "example.com/gate" }] } };
        if (gate.Length > 0)
        {
            pod.Status.Conditions.Add(new PodCondition { Type = "example.com/gate", Status = gate });
        }

        var conditions = Build(pod, Runs("r", false), Now).Conditions;

        var condition = conditions.Single(one => one.Type == "Ready");
        Assert.Equal((ready, reason, message), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal("True", conditions.Single(one => one.Type == "ContainersReady").Status);
        Assert.DoesNotContain(conditions, one => one.Type == "example.com/gate");
    }

    [Theory]
    [InlineData("|-", "ContainerCreating")]
    [InlineData("-|-", "PodInitializing")]
    [InlineData("r|-", "PodInitializing")]
    public void AContainerWhoseTurnHasNotComeWaitsForIt(string containers, string reason)
    {
        var runs = Runs(containers.Split('|')[0], true).Concat(Runs(containers.Split('|')[1], false)).ToArray();
        Assert.Equal(reason, Build(new Pod(), runs, Now).ContainerStatuses.Single().State.Waiting!.Reason);
    }

    /// <summary>Requests and limits of processor and memory of two containers.</summary>
    [Theory]
    [InlineData(",,, ,,,", "BestEffort")]
    [InlineData("0,,, ,,,", "BestEffort")]
    [InlineData("1,1,1,1 1,1,1,1", "Guaranteed")]
    [InlineData(",,1,1 1,1,1,1", "Guaranteed")]
    [InlineData("1,1,1,1 ,,,", "Burstable")]
    [InlineData("1,1,2,1 1,1,1,1", "Burstable")]
    [InlineData(",,1, ,,1,", "Burstable")]
    public void TheQualityOfServiceFollowsFromRequestsAndLimits(string resources, string expected)
    {
        var pod = new Pod();
        pod.Spec.Containers.AddRange(resources.Split(' ').Select(text =>
        {
            var (container, amounts) = (new Container(), text.Split(','));
            foreach (var (amount, index) in amounts.Select((amount, index) => (amount, index)).Where(pair => pair.amount.Length > 0))
            {
                (index < 2 ? container.Resources.Requests : container.Resources.Limits)[index % 2 == 0 ? "cpu" : "memory"] = Quantity.Parse(amount);
            }

            return container;
        }));
        pod.Spec.Containers.Add(pod.Spec.Containers[0]);
        Assert.Equal(expected, Build(pod, [], Now).QOSClass);
    }

    [Fact]
    public void RestartsWaitLongerEachTimeUntilAContainerHasRunForLong()
    {
        var backoff = new RestartBackoff();
        var waits = Enumerable.Range(0, 8).Select(_ => backoff.Next(TimeSpan.FromSeconds(1)).TotalSeconds);
        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
        Assert.Equal(300, backoff.Next(TimeSpan.FromSeconds(600)).TotalSeconds);
        Assert.Equal(0, backoff.Next(TimeSpan.FromSeconds(601)).TotalSeconds);
        Assert.Equal(10, backoff.Next(TimeSpan.Zero).TotalSeconds);
    }

    private static PodStatus Build(Pod pod, ContainerRunState[] runs, DateTimeOffset now) =>
        PodStatusPlan.Build(pod, runs, true, ["10.244.1.5"], ["172.30.0.11"], Now, null, now);

    private static ContainerRunState[] Runs(string states, bool isInit, bool isEphemeral = false) => [.. states.Select((state, index) =>
    {
        var run = new ContainerRunState(new Container { Name = $"c{index}" }, isInit) { IsEphemeral = isEphemeral };
        if (state == 'r')
        {
            run.Running = Substitute.For<IRunningContainer>();
            run.Started = run.Ready = true;
        }
        else if (state != '-')
        {
            run.Terminated = new ContainerStateTerminated { ExitCode = state - '0' };
        }

        return run;
    })];
}
