using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Kubelet.Tests.Pods;

public sealed class PodWorkersTests
{
    [Fact]
    public async Task NoPodIsStartedOnceTheAgentHasBegunToStop()
    {
        // What a worker would need is not there: nobody is to get as far.
        var left = new Dictionary<string, PodOnMachine> { ["u"] = new("u", null, []) };
        var workers = new PodWorkers(new PodServices
        {
            Found = new(left),
            Time = TimeProvider.System,
            Logger = NullLogger.Instance,
            Options = null!,
            Client = null!,
            Runtime = null!,
            Network = null!,
            Admission = null!,
            Volumes = null!,
            Sources = null!,
            Environment = null!,
            ClusterServices = null!,
            Events = null!,
            Probes = null!,
            Directories = null!,
            Metrics = null!,
            SubPaths = null!,
            Configuration = null!,
            Allocatable = null!,
        });
        var pod = new Pod { Metadata = new ObjectMeta { Name = "late", Namespace = "default", UID = "u" } };
        await workers.StopAsync(removePods: true);

        workers.Handle(new InformerChange<Pod>(InformerChangeType.Added, null, pod));
        workers.StartStatic(pod);

        Assert.Empty(workers.All);
    }
}
