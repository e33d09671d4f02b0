using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;

namespace Dataplane.Kubelet.Pods;

internal sealed partial class PodWorker
{
    private readonly List<(ContainerRunState Run, IRunningContainer Container)> _adopted = [];

    /// <summary>The sandbox is an earlier agent's, and where its volumes are has still to be found out.</summary>
    private bool _volumesAreUnknown;

    private IPodSandbox? _adoptedLeftover;

    /// <summary>Takes up what an earlier agent left of the pod. What has ended meanwhile is seen as an end like others.</summary>
    private void Adopt(PodOnMachine found)
    {
        if (_ended)
        {
            // Only what holds its namespaces, which a pod that is over does not need.
            _adoptedLeftover = found.Sandbox;
            return;
        }

        foreach (var one in found.Containers)
        {
            if (_containers.Find(run => run.Name == one.Name) is { } run)
            {
                Adopt(run, one);
            }
        }

        if (found.Sandbox is { } sandbox)
        {
            if (_setup.AddressesOf(_pod.Metadata.UID, sandbox) is { } addresses)
            {
                _sandbox = new PodSandboxState(sandbox, addresses, new Dictionary<string, MountedVolume>());
                _volumesAreUnknown = true;
            }
            else
            {
                _adoptedLeftover = sandbox;
            }
        }
    }

    private void Adopt(ContainerRunState run, ContainerOnMachine one)
    {
        var statuses = run.IsInit ? _pod.Status.InitContainerStatuses
            : run.IsEphemeral ? _pod.Status.EphemeralContainerStatuses
            : _pod.Status.ContainerStatuses;
        var status = statuses.Find(status => status.Name == run.Name);
        run.Attempts = one.Attempt + 1;
        run.ContainerID = $"{_services.Runtime.Name}://{one.Container.Id}";
        run.ImageName = status?.Image;
        run.ImageID = status?.ImageID;
        if (new[] { status?.State.Terminated, status?.LastState.Terminated }.FirstOrDefault(end => end?.ContainerID == run.ContainerID) is { } ended)
        {
            run.Terminated = ended;
            run.Previous = null;
            return;
        }

        run.Terminated = null;
        run.Running = one.Container;
        run.Started = run.Container.StartupProbe is null || status?.Started == true;
        run.Ready = run.Container.ReadinessProbe is null || status?.Ready == true;
        _adopted.Add((run, one.Container));
    }

    /// <summary>Once the worker runs: probes go on and ends are told.</summary>
    private async Task ResumeAsync()
    {
        foreach (var (run, container) in _adopted)
        {
            _runs[run.Name] = container;
            _ = ReportExitAsync(run, container);
            StartProbes(run, container);
        }

        if (_adopted.Count > 0)
        {
            Log.PodAdopted(_services.Logger, NamespacedName.Of(_pod).ToString(), _adopted.Count);
        }

        _adopted.Clear();
        if (_adoptedLeftover is { } leftover)
        {
            _adoptedLeftover = null;
            await _setup.StopAsync(_pod, leftover);
        }
    }
}
