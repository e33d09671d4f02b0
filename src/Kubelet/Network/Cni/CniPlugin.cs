using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Network.Cni;

/// <summary>Executes plugins as the specification says: parameters in the environment, the configuration on standard input.</summary>
/// <param name="directories">Where plugins are looked for, the first that has one wins.</param>
/// <param name="node">Where they run; null for the process's own namespace.</param>
internal sealed class CniPlugin(IReadOnlyList<string> directories, NetworkNamespace? node)
{
    // containerd and CRI-O wait as long for a whole pod sandbox.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <param name="type">The plugin's name.</param>
    /// <param name="call">What it is to do, for which attachment.</param>
    /// <param name="configuration">For its standard input.</param>
    /// <returns>What it wrote; null for nothing.</returns>
    /// <exception cref="CniException">It is not there, failed, or wrote what is no JSON.</exception>
    internal async Task<JsonObject?> RunAsync(string type, CniCall call, JsonObject configuration, CancellationToken cancellation)
    {
        var path = directories.Select(directory => Path.Combine(directory, type)).FirstOrDefault(File.Exists)
            ?? throw new CniException($"failed to find plugin \"{type}\" in path [{string.Join(' ', directories)}]");
        var start = new ProcessStartInfo(path) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        call.WriteTo(start.Environment, string.Join(':', directories));

        // A child has the network namespace of the thread that makes it.
        using var process = (node is null ? Process.Start(start) : node.Invoke(() => Process.Start(start)))!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await WriteAsync(process, configuration, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return Understand(type, call.Command, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new CniException($"plugin type=\"{type}\" failed ({call.Command.ToLowerInvariant()}): no end within {Limit.TotalSeconds:0} s");
        }
    }

    private static async Task WriteAsync(Process process, JsonObject configuration, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(configuration.ToJsonString()), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit status and output tell why.
        }
    }

    private static JsonObject? Understand(string type, string command, int status, string output, string error)
    {
        var prefix = $"plugin type=\"{type}\" failed ({command.ToLowerInvariant()})";
        JsonObject? document;
        try
        {
            document = string.IsNullOrWhiteSpace(output) ? null : JsonNode.Parse(output) as JsonObject;
        }
        catch (JsonException problem)
        {
            throw new CniException($"{prefix}: netplugin failed but error parsing its diagnostic message \"{output.Trim()}\": {problem.Message}", problem);
        }

        if (status == 0)
        {
            return document;
        }

        var message = document?["msg"]?.ToString() is { Length: > 0 } text ? text
            : error.Trim() is { Length: > 0 } said ? $"netplugin failed: \"{said}\""
            : "netplugin failed with no error message";
        throw new CniException(document?["details"]?.ToString() is { Length: > 0 } details ? $"{prefix}: {message}; {details}" : $"{prefix}: {message}");
    }
}

/// <summary>One call of a plugin.</summary>
/// <param name="Command">ADD, DEL, CHECK, GC or STATUS.</param>
/// <param name="ContainerId">Empty for GC and STATUS, which are about the whole network.</param>
/// <param name="Namespace">Path of the pod's; empty when it has gone.</param>
/// <param name="Arguments">CNI_ARGS.</param>
internal sealed record CniCall(string Command, string ContainerId = "", string Namespace = "", string Arguments = "")
{
    internal void WriteTo(IDictionary<string, string?> environment, string path)
    {
        environment["CNI_COMMAND"] = Command;
        environment["CNI_PATH"] = path;
        if (ContainerId.Length > 0)
        {
            environment["CNI_CONTAINERID"] = ContainerId;
            environment["CNI_NETNS"] = Namespace;
            environment["CNI_IFNAME"] = PodNetwork.PodDevice;
            environment["CNI_ARGS"] = Arguments;
        }
    }
}
