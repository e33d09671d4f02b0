using System.Text;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Server;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// What a container says of its end: in a file of its own, or with its log. Numbers and words are upstream's (pkg/kubelet/container,
/// pkg/kubelet/kuberuntime).
/// </summary>
internal static class TerminationMessage
{
    private const string DefaultPath = "/dev/termination-log";
    private const int WritableForAll = 0x1B6;
    private const int MostBytes = 4096;
    private const int MostBytesOfLog = 2048;
    private const int MostLinesOfLog = 80;
    private const int MostBytesOfPod = 12 * 1024;

    /// <summary>The file as the container sees it.</summary>
    internal static string PathIn(Container container)
    {
        var path = string.IsNullOrEmpty(container.TerminationMessagePath) ? DefaultPath : container.TerminationMessagePath;
        return path.StartsWith('/') ? path : "/" + path;
    }

    /// <summary>Makes the file for a run; those of the runs before go, as they have been read.</summary>
    internal static void Make(string file)
    {
        var directory = Path.GetDirectoryName(file)!;
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(directory);
        File.WriteAllBytes(file, []);
        Linux.Mounts.FileMode.Set(file, WritableForAll);
    }

    /// <summary>What a run that has ended says; empty for nothing. What cannot be read is said so.</summary>
    /// <param name="file">The run's file.</param>
    /// <param name="log">The run's log.</param>
    /// <param name="container">Its policy.</param>
    /// <param name="exit">How it ended.</param>
    /// <param name="containers">How many the pod has: their messages share what a status may hold.</param>
    internal static async Task<string> ReadAsync(string file, string log, Container container, ContainerExit exit, int containers)
    {
        var message = OfFile(file);
        if (message.Length == 0 && container.TerminationMessagePolicy == "FallbackToLogsOnError" && (exit.Code != 0 || exit.OutOfMemory))
        {
            message = await OfLogAsync(log);
        }

        var bytes = Encoding.UTF8.GetBytes(message);
        var most = MostBytesOfPod / Math.Max(1, containers);
        return bytes.Length <= most ? message : Encoding.UTF8.GetString(bytes, 0, most);
    }

    private static string OfFile(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            file.Position = Math.Max(0, file.Length - MostBytes);
            var bytes = new byte[MostBytes];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MostBytes, throwOnEndOfStream: false));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            // An agent that knew no such files has started it.
            return "";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return $"Error on reading termination log {path}: {problem.Message}";
        }
    }

    private static async Task<string> OfLogAsync(string path)
    {
        try
        {
            using var text = new MemoryStream();
            await LogReader.CopyAsync(path, null, new LogOptions { TailLines = MostLinesOfLog }, text, CancellationToken.None);
            var from = Math.Max(0, (int)text.Length - MostBytesOfLog);
            return Encoding.UTF8.GetString(text.GetBuffer(), from, (int)text.Length - from);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return $"Error on reading termination message from logs: {problem.Message}";
        }
    }
}
