using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>Containers of Docker's engine, in the shapes that cri-dockerd gives them.</summary>
/// <remarks>
/// The sandbox is a container without a network of its own, whose namespaces the others join; the agent connects its network
/// </remarks>
internal sealed class DockerRuntime(DockerRuntimeOptions options, TimeProvider time) : IContainerRuntime
{
    private readonly DockerClient _docker = new(options.Socket);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _preparing = new(1);
    private bool _isPrepared;
    private bool _usesParent;

    public string Name => "docker";

    public string Version { get; private set; } = "";

    /// <summary>An engine that answers can run pods: their network is the agent's. One that does not is told as by cri-dockerd.</summary>
    public async Task<string?> ProblemAsync(CancellationToken cancellation)
    {
        try
        {
            await _docker.GetAsync("version", cancellation);
            return null;
        }
        catch (DockerException failure)
        {
            return $"container runtime not ready: RuntimeReady=false reason:DockerDaemonNotReady message:docker: failed to get docker version: {failure.Message}";
        }
    }

    public async Task<IReadOnlyList<PodOnMachine>> ListAsync(CancellationToken cancellation)
    {
        Version = (string?)(await _docker.GetAsync("version", cancellation))?["Version"] ?? "";
        var all = (await _docker.GetAsync($"containers/json?all=1&filters={DockerLabels.Filter(DockerLabels.Node, options.NodeName)}", cancellation))!.AsArray();
        var pods = new List<PodOnMachine>();
        foreach (var pod in all.GroupBy(one => Label(one!, DockerLabels.Uid), StringComparer.Ordinal))
        {
            DockerSandbox? sandbox = null;
            foreach (var holder in pod.Where(one => Label(one!, DockerLabels.Type) == DockerLabels.Sandbox))
            {
                sandbox ??= await DockerSandbox.OpenAsync(_docker, (string)holder!["Id"]!, cancellation);
            }

            var latest = pod.Where(one => Label(one!, DockerLabels.Type) == DockerLabels.Container && (string?)one!["State"] != "created")
                .GroupBy(one => Label(one!, DockerLabels.Name), StringComparer.Ordinal)
                .Select(runs => runs.MaxBy(AttemptOf)!);
            var containers = new List<ContainerOnMachine>();
            foreach (var one in latest)
            {
                var container = await _docker.GetAsync($"containers/{one["Id"]}/json", cancellation);
                containers.Add(new ContainerOnMachine(
                    Label(one, DockerLabels.Name), AttemptOf(one), new DockerContainer(_docker, container!, options.Logs, time, _stopping.Token)));
            }

            pods.Add(new PodOnMachine(pod.Key, sandbox, containers));
        }

        return pods;
    }

    public async Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation)
    {
        await RemovePodAsync(request.Pod.Uid, cancellation);
        var plan = DockerSandbox.Plan(request, options.SandboxImage, options.NodeName);
        var id = await CreateAsync(DockerLabels.ContainerName(request.Pod, "POD", 0), plan, cancellation);
        try
        {
            await _docker.PostAsync($"containers/{id}/start", null, cancellation);
            var sandbox = await DockerSandbox.OpenAsync(_docker, id, cancellation) ?? throw new DockerException(null, "the sandbox has ended at once");
            if (request.HostNetwork)
            {
                EngineNetwork.Check(options.Node, sandbox.ProcessId);
            }

            return sandbox;
        }
        catch
        {
            await RemovePodAsync(request.Pod.Uid, CancellationToken.None);
            throw;
        }
    }

    public async Task RemovePodAsync(string uid, CancellationToken cancellation)
    {
        var found = (await _docker.GetAsync($"containers/json?all=1&filters={DockerLabels.Filter(DockerLabels.Uid, uid)}", cancellation))!.AsArray();
        foreach (var one in found.OrderBy(one => Label(one!, DockerLabels.Type) == DockerLabels.Sandbox))
        {
            await _docker.TryAsync(HttpMethod.Delete, $"containers/{one!["Id"]}?force=1&v=1", cancellation);
        }

        await PodCleanup.RemoveCgroupsAsync(uid);
    }

    public async Task<ContainerImagePlan?> FindImageAsync(string image, CancellationToken cancellation)
    {
        try
        {
            var found = (await _docker.GetAsync($"images/{Uri.EscapeDataString(image)}/json", cancellation))!;
            return new ContainerImagePlan
            {
                Name = image,
                Id = (string)found["Id"]!,
                User = (string?)found["Config"]?["User"] ?? "",
                Size = (long?)found["Size"] ?? 0,
            };
        }
        catch (DockerException refusal) when (refusal.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (IOException failure)
        {
            throw new ImageException($"failed to inspect image \"{image}\": {failure.Message}", failure);
        }
    }

    public async Task<ContainerImagePlan> PullImageAsync(string image, RegistryCredential? credential, CancellationToken cancellation)
    {
        try
        {
            var name = Uri.EscapeDataString(DockerImageName.WithTag(image));
            using var response = await _docker.OpenAsync(HttpMethod.Post, $"images/create?fromImage={name}", cancellation, credential);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                if ((string?)JsonNode.Parse(line)?["error"] is { } problem)
                {
                    throw new ImageException(problem);
                }
            }
        }
        catch (IOException failure)
        {
            throw new ImageException(failure.Message, failure);
        }

        return await FindImageAsync(image, cancellation) ?? throw new ImageException($"image \"{image}\" is not here after it was pulled");
    }

    public async Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation)
    {
        string? id = null;
        try
        {
            // The run before stays, for an agent that is killed and must know how it ended; the one before that is of no use any more.
            await _docker.TryAsync(HttpMethod.Delete, $"containers/{DockerLabels.ContainerName(request.Pod, request.Name, request.Attempt - 2)}?force=1&v=1", cancellation);
            var plan = DockerContainerPlan.Of(request, ((DockerSandbox)sandbox).Id, options.NodeName);
            id = await CreateAsync(DockerLabels.ContainerName(request.Pod, request.Name, request.Attempt), plan, cancellation);
            await _docker.PostAsync($"containers/{id}/start", null, cancellation);
            var container = await _docker.GetAsync($"containers/{id}/json", cancellation);
            return new DockerContainer(_docker, container!, options.Logs, time, _stopping.Token);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (id is not null)
            {
                await _docker.TryAsync(HttpMethod.Delete, $"containers/{id}?force=1&v=1", CancellationToken.None);
            }

            throw new ContainerStartException(failure.Message, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _docker.Dispose();
        _stopping.Dispose();
        _preparing.Dispose();
        PodCleanup.RemoveRootCgroup();
    }

    /// <summary>A container of the same name is what an earlier try has left: it goes.</summary>
    private async Task<string> CreateAsync(string name, JsonObject plan, CancellationToken cancellation)
    {
        await PrepareAsync(cancellation);
        if (!_usesParent)
        {
            plan["HostConfig"]!.AsObject().Remove("CgroupParent");
        }

        await _docker.TryAsync(HttpMethod.Delete, $"containers/{name}?force=1&v=1", cancellation);
        return (string)(await _docker.PostAsync($"containers/create?name={name}", plan, cancellation))!["Id"]!;
    }

    private async Task PrepareAsync(CancellationToken cancellation)
    {
        await _preparing.WaitAsync(cancellation);
        try
        {
            if (_isPrepared)
            {
                return;
            }

            // With the systemd driver a parent would have to be a slice of systemd's.
            _usesParent = (string?)(await _docker.GetAsync("info", cancellation))!["CgroupDriver"] == "cgroupfs";
            if (await FindImageAsync(options.SandboxImage, cancellation) is null)
            {
                await PullImageAsync(options.SandboxImage, null, cancellation);
            }

            _isPrepared = true;
        }
        catch (ImageException problem)
        {
            throw new DockerException(null, $"the sandbox's image \"{options.SandboxImage}\": {problem.Message}", problem);
        }
        finally
        {
            _preparing.Release();
        }
    }

    private static string Label(JsonNode container, string name) => (string?)container["Labels"]?[name] ?? "";

    private static int AttemptOf(JsonNode? container) => int.Parse(Label(container!, DockerLabels.Attempt), CultureInfo.InvariantCulture);
}

/// <param name="Socket">Path of the engine's unix socket.</param>
/// <param name="NodeName">Nodes that share an engine know their containers by it.</param>
/// <param name="SandboxImage">Holds a pod's namespaces (upstream's --pod-infra-container-image).</param>
internal sealed record DockerRuntimeOptions(string Socket, string NodeName, string SandboxImage)
{
    public ContainerLogOptions Logs { get; init; } = new();

    /// <summary>The node's network namespace; null is the agent's own.</summary>
    public NetworkNamespace? Node { get; init; }
}

internal static class DockerImageName
{
    /// <summary>Without a tag the engine would fetch all there are.</summary>
    internal static string WithTag(string image) =>
        image.Contains('@') || image[(image.LastIndexOf('/') + 1)..].Contains(':') ? image : image + ":latest";
}
