using System.Globalization;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Streaming;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>/containerLogs: what a run of a container wrote.</summary>
internal sealed class ContainerLogHandler(PodDirectories directories, TimeProvider time)
{
    internal async Task HandleAsync(HttpContext http, PodWorker worker, string container)
    {
        var pod = worker.Pod;
        if (!PodContainers.Of(pod.Spec).Any(one => one.Name == container))
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, $"container \"{container}\" not found in pod \"{pod.Metadata.Name}\"");
            return;
        }

        LogOptions query;
        try
        {
            query = LogOptions.Parse(http.Request.Query, time.GetUtcNow());
        }
        catch (FormatException problem)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, problem.Message);
            return;
        }

        var path = FindLog(pod.Metadata.UID, container, query.Previous);
        if (path is null)
        {
            var problem = query.Previous
                ? $"previous terminated container \"{container}\" in pod \"{pod.Metadata.Name}\" not found"
                : $"container \"{container}\" in pod \"{pod.Metadata.Name}\" is waiting to start: {WhyWaiting(pod.Status, container)}";
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, problem);
            return;
        }

        http.Response.ContentType = "text/plain";
        await http.Response.StartAsync(http.RequestAborted);
        var live = worker.RunOf(container)?.Log is { } log && log.FilePath == path ? log : null;
        await LogReader.CopyAsync(path, live, query, http.Response.Body, http.RequestAborted);
    }

    private static string WhyWaiting(PodStatus status, string container)
    {
        var known = status.ContainerStatuses.Concat(status.InitContainerStatuses).Concat(status.EphemeralContainerStatuses)
            .FirstOrDefault(one => one.Name == container);
        return known?.State.Waiting?.Reason switch
        {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            { Length: > 0 } reason => reason,
            _ => "ContainerCreating",
        };
    }

    /// <summary>The newest run's log, or the one before.</summary>
    private string? FindLog(string uid, string container, bool previous)
    {
        var directory = Path.GetDirectoryName(directories.Log(uid, container, 0))!;
        if (!Directory.Exists(directory))
        {
            return null;
        }

        var runs = Directory.EnumerateFiles(directory, "*.log")
            .Select(file => (File: file, Attempt: int.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture)))
            .OrderByDescending(run => run.Attempt).Select(run => run.File).ToArray();
        return runs.ElementAtOrDefault(previous ? 1 : 0);
    }
}
