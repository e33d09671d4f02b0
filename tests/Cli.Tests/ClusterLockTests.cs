using Dataplane.Cli.Cluster;

namespace Dataplane.Cli.Tests;

[Collection("the one cluster of the machine")]
public sealed class ClusterLockTests
{
    [Fact]
    public void OneClusterAMachineAndTheSecondIsToldWhoHoldsIt()
    {
        if (ClusterLock.RunningProcess() is { } other)
        {
            Assert.Skip($"a cluster runs on this machine (process {other})");
        }

        using (ClusterLock.Take())
        {
            Assert.Equal(Environment.ProcessId, ClusterLock.RunningProcess());
            var refused = Assert.Throws<UserErrorException>(ClusterLock.Take);
            Assert.Contains($"process {Environment.ProcessId}", refused.Message);
        }

        Assert.Null(ClusterLock.RunningProcess());
        ClusterLock.Take().Dispose();
    }
}
