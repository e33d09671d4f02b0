using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>A container of the engine.</summary>
internal sealed class DockerContainer : IRunningContainer
{
    private const int MostOutput = 10 * 1024;
    private const int NotExecutable = 126;
    private const int NotFound = 127;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ExitCodeRetry = TimeSpan.FromMilliseconds(20);

    private readonly DockerClient _docker;
    private readonly TimeProvider _time;
    private readonly bool _isTerminal;
    private readonly bool _inputOnce;
    private readonly CancellationToken _stopping;

    /// <param name="docker">The engine.</param>
    /// <param name="container">As the engine describes it.</param>
    /// <param name="logs">When the node's log goes on in another file.</param>
    /// <param name="time">Of waits, and of an end that nobody saw.</param>
    /// <param name="stopping">Ends following it, not the container.</param>
    internal DockerContainer(DockerClient docker, JsonNode container, ContainerLogOptions logs, TimeProvider time, CancellationToken stopping)
    {
        (_docker, _time, _stopping) = (docker, time, stopping);
        Id = (string)container["Id"]!;
        ProcessId = (int?)container["State"]!["Pid"] is { } pid and > 0 ? pid : null;
        StartedAt = Time(container["State"]!["StartedAt"]);
        _isTerminal = (bool?)container["Config"]!["Tty"] == true;
        _inputOnce = (bool?)container["Config"]!["StdinOnce"] == true;
        var log = new ContainerLog((string)container["Config"]!["Labels"]![DockerLabels.LogPath]!, time, logs);
        Log = log;
        Exit = FollowAsync(log);
    }

    public string Id { get; }

    public DateTimeOffset StartedAt { get; }

    public int? ProcessId { get; }

    public IContainerLog Log { get; }

    public Task<ContainerExit> Exit { get; }

    public Task TerminateAsync(TimeSpan grace) => SignalAsync("");

    public Task KillAsync() => SignalAsync("SIGKILL");

    public async Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var program = await StartAsync(
            new ContainerProgramRequest { Command = command, Streams = new ProgramStreamsRequest { Output = true, Error = true } }, cancellation);
        var output = new MemoryStream();
        await Task.WhenAll(CopyAsync(program.Output!), CopyAsync(program.Error!));
        var exit = await program.Exit.WaitAsync(cancellation);
        return new ExecutionResult(exit.Code, Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length));

        async Task CopyAsync(Stream stream)
        {
            var buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, cancellation) is var count and > 0)
            {
                lock (output)
                {
                    output.Write(buffer, 0, Math.Min(count, MostOutput - (int)output.Length));
                }
            }
        }
    }

    public Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request) => StartAsync(request, _stopping);

    public async Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request)
    {
        var path = $"containers/{Id}/attach?stream=1&stdin={Flag(request.Input)}&stdout={Flag(request.Output)}&stderr={Flag(request.Error)}";
        var stream = await StartErrorAsync(() => _docker.UpgradeAsync(path, null, _isTerminal, _stopping));
        return stream.ToProgram(request, _isTerminal, !_inputOnce || _isTerminal, _isTerminal ? Resize($"containers/{Id}") : null, ExitStatusAsync());
    }

    public async Task<ContainerUsage?> UsageAsync(CancellationToken cancellation)
    {
        var stats = await _docker.GetAsync($"containers/{Id}/stats?stream=0&one-shot=1", cancellation);
        if (stats?["memory_stats"]?["usage"] is not { } memory)
        {
            return null;
        }

        // What the kernel can drop at once is named differently by the two versions of cgroups.
        var details = stats["memory_stats"]!["stats"];
        var inactive = (long?)(details?["total_inactive_file"] ?? details?["inactive_file"]) ?? 0;
        return new ContainerUsage(
            _time.GetUtcNow(), (long)stats["cpu_stats"]!["cpu_usage"]!["total_usage"]!, Math.Max(0, (long)memory - inactive), (long?)stats["pids_stats"]?["current"]);
    }

    public Task ResizeAsync(ContainerResourcePlan plan, CancellationToken cancellation) =>
        _docker.PostAsync($"containers/{Id}/update", DockerContainerPlan.Limits(plan), cancellation);

    private async Task SignalAsync(string signal)
    {
        try
        {
            // Without a signal in the request the image's own stop signal is meant only by "stop", which also waits: so it is looked up.
            if (signal.Length == 0)
            {
                var container = await _docker.GetAsync($"containers/{Id}/json", _stopping);
                signal = (string?)container!["Config"]!["StopSignal"] is { Length: > 0 } own ? own : "SIGTERM";
            }

            await _docker.PostAsync($"containers/{Id}/kill?signal={signal}", null, _stopping);
        }
        catch (DockerException ended) when (ended.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // It does not run any more.
        }
    }

    private async Task<ContainerProgram> StartAsync(ContainerProgramRequest request, CancellationToken cancellation)
    {
        var streams = request.Streams;
        var plan = new JsonObject
        {
            ["AttachStdin"] = streams.Input,
            ["AttachStdout"] = streams.Output,
            ["AttachStderr"] = streams.Error && !request.Terminal,
            ["Tty"] = request.Terminal,
            ["Cmd"] = new JsonArray([.. request.Command.Select(text => (JsonNode)text)]),
        };
        return await StartErrorAsync(async () =>
        {
            var exec = (string)(await _docker.PostAsync($"containers/{Id}/exec", plan, cancellation))!["Id"]!;
            var stream = await _docker.UpgradeAsync(
                $"exec/{exec}/start", new JsonObject { ["Detach"] = false, ["Tty"] = request.Terminal }, request.Terminal, cancellation);
            if (await RefusalAsync(exec, stream, cancellation) is { } problem)
            {
                stream.Dispose();
                throw new DockerException(null, problem);
            }

            return stream.ToProgram(streams, request.Terminal, false, request.Terminal ? Resize($"exec/{exec}") : null, ExitOfAsync(exec, stream));
        });
    }

    /// <summary>The engine answers 101 first and writes to the stream when the program then cannot be started: so it is asked until it knows.</summary>
    /// <returns>Null when it was started.</returns>
    private async Task<string?> RefusalAsync(string exec, DockerStream stream, CancellationToken cancellation)
    {
        while (true)
        {
            var state = (await _docker.GetAsync($"exec/{exec}/json", cancellation))!;
            if ((bool?)state["Running"] == true && (int?)state["Pid"] is > 0)
            {
                return null;
            }

            if ((int?)state["ExitCode"] is { } code)
            {
                if (code is not (NotExecutable or NotFound) || (int?)state["Pid"] is > 0)
                {
                    return null;
                }

                await stream.Ended.WaitAsync(cancellation);
                using var reader = new StreamReader(stream.Output);
                return stream.Refusal ?? (await reader.ReadToEndAsync(cancellation)).Trim();
            }

            await Task.Delay(ExitCodeRetry, _time, cancellation);
        }
    }

    private async Task<ExitStatus> ExitOfAsync(string exec, DockerStream stream)
    {
        await stream.Ended;
        while (!_stopping.IsCancellationRequested)
        {
            var state = await _docker.GetAsync($"exec/{exec}/json", _stopping);
            if ((bool?)state!["Running"] == false && (int?)state["ExitCode"] is { } code)
            {
                return new ExitStatus(code, 0);
            }

            await Task.Delay(ExitCodeRetry, _time, _stopping);
        }

        throw new OperationCanceledException(_stopping);
    }

    private async Task<ExitStatus> ExitStatusAsync() => new((await Exit).Code, 0);

    private Action<TerminalSize> Resize(string path) => size => _ = ResizeAsync($"{path}/resize?h={size.Rows}&w={size.Columns}");

    private async Task ResizeAsync(string path)
    {
        try
        {
            await _docker.PostAsync(path, null, _stopping);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // What is said to a terminal that has gone is lost.
        }
    }

    private static async Task<T> StartErrorAsync<T>(Func<Task<T>> start)
    {
        try
        {
            return await start();
        }
        catch (IOException failure)
        {
            throw new ContainerStartException(failure.Message, failure);
        }
    }

    private async Task<ContainerExit> FollowAsync(ContainerLog log)
    {
        // Off the constructor's thread at once.
        await Task.Yield();
        var ended = new TaskCompletionSource();
        var copying = new DockerLogFollower(_docker, Id, _isTerminal, log).RunAsync(ended.Task, _time, _stopping);
        try
        {
            var exit = await WaitAsync();
            ended.SetResult();
            await copying;
            return exit;
        }
        finally
        {
            log.Dispose();
        }
    }

    private async Task<ContainerExit> WaitAsync()
    {
        while (true)
        {
            try
            {
                using (var response = await _docker.OpenAsync(HttpMethod.Post, $"containers/{Id}/wait?condition=not-running", _stopping))
                {
                    await response.Content.ReadAsByteArrayAsync(_stopping);
                }

                var state = (await _docker.GetAsync($"containers/{Id}/json", _stopping))!["State"]!;
                if ((bool?)state["Running"] == false)
                {
                    return new ContainerExit((int)state["ExitCode"]!, Time(state["FinishedAt"]), (bool?)state["OOMKilled"] == true);
                }
            }
            catch (DockerException gone) when (gone.Status == HttpStatusCode.NotFound)
            {
                return ContainerExit.Unknown(_time.GetUtcNow());
            }
            catch (Exception gone) when (gone is IOException or HttpRequestException && !_stopping.IsCancellationRequested)
            {
                // The engine restarts, and its containers may go on without it.
            }

            await Task.Delay(Retry, _time, _stopping);
        }
    }

    private static DateTimeOffset Time(JsonNode? node) => DateTimeOffset.Parse((string)node!, System.Globalization.CultureInfo.InvariantCulture);

    private static int Flag(bool value) => value ? 1 : 0;
}
