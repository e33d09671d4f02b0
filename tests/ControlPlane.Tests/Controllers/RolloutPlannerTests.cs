using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Deployments;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class RolloutPlannerTests
{
    /// <summary>
    /// The size wanted, maxSurge, the sets as size/size-with-surge-when-last-sized (the last is the newest), and their sizes after.
    /// The figures of the fourth row are those of upstream's documentation on proportional scaling.
    /// </summary>
    [Theory]
    [InlineData(5, "1", "3/4", "5")]
    [InlineData(5, "1", "0/4", "5")]
    [InlineData(0, "1", "2/4 2/4", "0 0")]
    [InlineData(15, "3", "8/13 5/13", "11 7")]
    [InlineData(5, "0", "5/10 5/10", "2 3")]
    [InlineData(10, "0", "5/10 5/10", "")]
    [InlineData(6, "0", "1/3 1/3 1/3", "2 2 2")]
    [InlineData(7, "0", "1/3 1/3 1/3", "2 2 3")]
    public void A_deployment_that_is_scaled_in_the_middle_of_a_rollout_keeps_the_shares(int replicas, string surge, string sets, string expected)
    {
        var deployment = new Deployment
        {
            Spec = new DeploymentSpec
            {
                Replicas = replicas,
                Strategy = new DeploymentStrategy { Type = "RollingUpdate", RollingUpdate = new RollingUpdateDeployment { MaxSurge = int.Parse(surge), MaxUnavailable = 1 } },
            },
        };
        var all = sets.Split(' ').Select((text, index) => Set(index, int.Parse(text.Split('/')[0]), text.Split('/')[1])).ToList();

        var sizes = RolloutPlanner.Scale(deployment, all[^1], all[..^1]);

        Assert.Equal(expected, sizes.Count == 0 ? "" : string.Join(' ', all.Select(set => sizes.GetValueOrDefault(set.Metadata.UID, RolloutPlanner.Size(set)))));
    }

    [Fact]
    public void When_the_newest_has_all_its_pods_the_old_ones_go()
    {
        var deployment = new Deployment { Spec = new DeploymentSpec { Replicas = 2 } };
        var newest = Set(1, 2, "3");
        newest.Metadata.Annotations["deployment.kubernetes.io/desired-replicas"] = "2";
        newest.Status.AvailableReplicas = 2;

        var sizes = RolloutPlanner.Scale(deployment, newest, [Set(0, 1, "3")]);

        Assert.Equal(0, Assert.Single(sizes, size => size.Key == "set-0").Value);
    }

    private static ReplicaSet Set(int index, int size, string max) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"set-{index}",
            UID = $"set-{index}",
            CreationTimestamp = DateTimeOffset.UnixEpoch.AddMinutes(index),
            Annotations = { ["deployment.kubernetes.io/max-replicas"] = max },
        },
        Spec = new ReplicaSetSpec { Replicas = size },
    };
}
