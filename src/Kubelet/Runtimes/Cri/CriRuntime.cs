using Dataplane.Hosting.Grpc;
using Dataplane.Kubelet.Runtimes.Cri.V1;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>
/// Containers of whatever speaks the Container Runtime Interface: containerd, CRI-O. A pod's network is then the runtime's, made by
/// the CNI plugins it is configured with, as on every node with upstream's kubelet.
/// </summary>
internal sealed class CriRuntime : IContainerRuntime
{
    private static readonly TimeSpan PullDeadline = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan ImageDeadline = TimeSpan.FromMinutes(2);

    private readonly CriClient _cri;
    private readonly CriStreams _streams;
    private readonly CriRelist _relist;
    private readonly CriLogRotation _rotation;
    private readonly string _node;
    private readonly NetworkNamespace? _network;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();

    internal CriRuntime(string socket, string node, NetworkNamespace? network, TimeProvider time, ContainerLogOptions? logs = null)
    {
        (_node, _network, _time) = (node, network, time);
        _cri = new CriClient(socket);
        _streams = new CriStreams(network, _stopping.Token);
        _relist = new CriRelist(_cri, node, time, _stopping.Token);
        _rotation = new CriLogRotation(_cri, _relist, logs ?? new ContainerLogOptions(), time, _stopping.Token);
    }

    /// <summary>Upstream shows the runtime's own name, and containerd is what nearly all nodes have.</summary>
    public string Name { get; private set; } = "containerd";

    public string Version { get; private set; } = "";

    public async Task<string?> ProblemAsync(CancellationToken cancellation)
    {
        var answer = await _cri.RuntimeAsync("Status", new StatusRequest(), StatusResponse.Parser, cancellation);
        return CriConditions.Problem(answer.Status);
    }

    public async Task<IReadOnlyList<PodOnMachine>> ListAsync(CancellationToken cancellation)
    {
        var runtime = await _cri.RuntimeAsync("Version", new VersionRequest { Version = "v1" }, VersionResponse.Parser, cancellation);
        (Name, Version) = (runtime.RuntimeName, runtime.RuntimeVersion.TrimStart('v'));
        var labels = new Dictionary<string, string> { [CriPlan.NodeLabel] = _node };
        var sandboxes = await _cri.RuntimeAsync(
            "ListPodSandbox", new ListPodSandboxRequest { Filter = new PodSandboxFilter { LabelSelector = { labels } } }, ListPodSandboxResponse.Parser, cancellation);
        var containers = await _cri.RuntimeAsync(
            "ListContainers", new ListContainersRequest { Filter = new ContainerFilter { LabelSelector = { labels } } }, ListContainersResponse.Parser, cancellation);
        var pods = new List<PodOnMachine>();
        foreach (var pod in sandboxes.Items.GroupBy(one => one.Metadata.Uid, StringComparer.Ordinal))
        {
            CriSandbox? sandbox = null;
            foreach (var one in pod.Where(one => one.State == PodSandboxState.SandboxReady))
            {
                sandbox ??= await CriSandbox.OpenAsync(_cri, one.Id, cancellation);
            }

            var known = new List<ContainerOnMachine>();
            var latest = containers.Containers
                .Where(one => one.State != ContainerState.ContainerCreated && pod.Any(member => member.Id == one.PodSandboxId))
                .GroupBy(one => one.Metadata.Name, StringComparer.Ordinal)
                .Select(runs => runs.MaxBy(run => run.Metadata.Attempt)!);
            foreach (var one in latest)
            {
                known.Add(new ContainerOnMachine(one.Metadata.Name, (int)one.Metadata.Attempt, await FollowAsync(one.Id, cancellation)));
            }

            pods.Add(new PodOnMachine(pod.Key, sandbox, known));
        }

        return pods;
    }

    public async Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation)
    {
        await RemovePodAsync(request.Pod.Uid, cancellation);
        Directory.CreateDirectory(request.LogDirectory);
        var answer = await _cri.RuntimeAsync(
            "RunPodSandbox", new RunPodSandboxRequest { Config = CriPlan.Sandbox(request, _node) }, RunPodSandboxResponse.Parser, cancellation);
        var sandbox = await CriSandbox.OpenAsync(_cri, answer.PodSandboxId, cancellation) ?? throw new IOException("the sandbox has ended at once");
        try
        {
            if (request.HostNetwork && sandbox.ProcessId is { } process)
            {
                EngineNetwork.Check(_network, process);
            }

            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    public async Task RemovePodAsync(string uid, CancellationToken cancellation)
    {
        var filter = new PodSandboxFilter { LabelSelector = { ["io.kubernetes.pod.uid"] = uid } };
        var found = await _cri.RuntimeAsync("ListPodSandbox", new ListPodSandboxRequest { Filter = filter }, ListPodSandboxResponse.Parser, cancellation);
        foreach (var sandbox in found.Items)
        {
            await CriSandbox.RemoveAsync(_cri, sandbox.Id, cancellation);
        }

        await PodCleanup.RemoveCgroupsAsync(uid);
    }

    public async Task<ContainerImagePlan?> FindImageAsync(string image, CancellationToken cancellation)
    {
        try
        {
            var answer = await _cri.ImagesAsync(
                "ImageStatus", new ImageStatusRequest { Image = new ImageSpec { Image = image } }, ImageStatusResponse.Parser, ImageDeadline, cancellation);
            return answer.Image is not { } found ? null : new ContainerImagePlan
            {
                Name = image,
                Id = found.Id,
                User = found.Uid is { } uid ? $"{uid.Value}" : found.Username,
                Size = (long)found.Size,
            };
        }
        catch (CriException failure)
        {
            throw new ImageException(failure.Message, failure);
        }
    }

    public async Task<ContainerImagePlan> PullImageAsync(string image, RegistryCredential? credential, CancellationToken cancellation)
    {
        try
        {
            var answer = await _cri.ImagesAsync(
                "PullImage", new PullImageRequest { Image = new ImageSpec { Image = image }, Auth = Auth(credential) }, PullImageResponse.Parser, PullDeadline, cancellation);
            return (await FindImageAsync(answer.ImageRef, cancellation) ?? throw new ImageException($"image \"{image}\" is not here after it was pulled")) with { Name = image };
        }
        catch (CriException failure)
        {
            throw new ImageException($"rpc error: code = {failure.Status} desc = {failure.Detail}", failure);
        }
    }

    public async Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation)
    {
        var owner = (CriSandbox)sandbox;
        var made = "";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(request.LogPath)!);
            await RemoveOldAsync(owner.Id, request, cancellation);
            var config = CriPlan.Container(request, _node);
            made = (await _cri.RuntimeAsync(
                "CreateContainer",
                new CreateContainerRequest { PodSandboxId = owner.Id, Config = config, SandboxConfig = CriPlan.Sandbox(request.Sandbox, _node) },
                CreateContainerResponse.Parser, cancellation)).ContainerId;
            await _cri.RuntimeAsync("StartContainer", new StartContainerRequest { ContainerId = made }, StartContainerResponse.Parser, cancellation);
            return await FollowAsync(made, cancellation);
        }
        catch (IOException failure)
        {
            if (made.Length > 0)
            {
                await RemoveAsync(made);
            }

            throw new ContainerStartException((failure as CriException)?.Detail ?? failure.Message, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_relist.Stopped, _rotation.Stopped);
        _cri.Dispose();
        _stopping.Dispose();
        PodCleanup.RemoveRootCgroup();
    }

    /// <summary>The run before stays, for an agent that is killed and must know how it ended.</summary>
    private async Task RemoveOldAsync(string sandbox, ContainerRequest request, CancellationToken cancellation)
    {
        var filter = new ContainerFilter { PodSandboxId = sandbox, LabelSelector = { ["io.kubernetes.container.name"] = request.Name } };
        var before = await _cri.RuntimeAsync("ListContainers", new ListContainersRequest { Filter = filter }, ListContainersResponse.Parser, cancellation);
        foreach (var old in before.Containers.Where(one => one.Metadata.Attempt != request.Attempt - 1))
        {
            await RemoveAsync(old.Id);
        }
    }

    private static AuthConfig? Auth(RegistryCredential? credential) =>
        credential is null ? null : new AuthConfig { Username = credential.Username, Password = credential.Password };

    private async Task RemoveAsync(string id)
    {
        try
        {
            await _cri.RuntimeAsync("RemoveContainer", new RemoveContainerRequest { ContainerId = id }, RemoveContainerResponse.Parser, CancellationToken.None);
        }
        catch (CriException gone) when (gone.Status == StatusCode.NotFound)
        {
            // As wanted.
        }
    }

    private async Task<CriContainer> FollowAsync(string id, CancellationToken cancellation)
    {
        var answer = await _cri.RuntimeAsync("ContainerStatus", new ContainerStatusRequest { ContainerId = id }, ContainerStatusResponse.Parser, cancellation);
        var container = new CriContainer(_cri, _streams, answer.Status, _time);
        _relist.Add(container);
        return container;
    }
}
