using System.Net;
using Dataplane.Api;
using Dataplane.Hosting;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Server;

/// <summary>The agent's HTTPS API in the node's namespace: logs, exec, pods, metrics, health.</summary>
internal sealed class KubeletServer(KubeletOptions options, PodDirectories directories, MetricsText metrics, TimeProvider time, ILogger logger)
{
    private readonly ClientAuthentication _authentication = new(options.KubeConfig);
    private readonly ExecHandler _exec = new(time, logger);

    /// <summary>Set once there are pods to serve.</summary>
    internal PodWorkers? Workers { get; set; }

    internal Task<HttpEndpoint> StartAsync(ILoggerFactory loggers, CancellationToken cancellation) => HttpEndpoint.StartAsync(
        new HttpEndpointOptions
        {
            Address = new IPEndPoint(IPAddress.Any, options.Port),
            Namespace = options.Namespace,
            Certificate = ServingCertificate.Create(options.NodeName, options.NodeIP, time.GetUtcNow()),
            AcceptClientCertificate = _authentication.Accepts,
        },
        HandleAsync, loggers, cancellation);

    private async Task HandleAsync(HttpContext http)
    {
        if (http.Connection.ClientCertificate is null && !_authentication.Accepts(http.Request))
        {
            await TextAsync(http, StatusCodes.Status401Unauthorized, "Unauthorized");
            return;
        }

        var path = http.Request.Path.Value?.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (!HttpMethods.IsGet(http.Request.Method) && path is not ["exec", ..])
        {
            await TextAsync(http, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed");
            return;
        }

        switch (path)
        {
            case ["healthz"]:
                await TextAsync(http, StatusCodes.Status200OK, "ok");
                break;
            case ["metrics"]:
                http.Response.ContentType = MetricsText.ContentType;
                await http.Response.WriteAsync(metrics.Render(), http.RequestAborted);
                break;
            case ["pods"]:
                var pods = new KubernetesList<Pod> { Kind = "PodList", Items = [.. (Workers?.All ?? []).Select(worker => worker.Pod)] };
                http.Response.ContentType = "application/json";
                await http.Response.BodyWriter.WriteAsync(ApiJson.Serialize(pods), http.RequestAborted);
                break;
            case ["containerLogs", var ns, var pod, var container]:
                await LogAsync(http, new NamespacedName(ns, pod), container);
                break;
            case ["exec", var ns, var pod, var container]:
                await _exec.HandleAsync(http, Workers, new NamespacedName(ns, pod), container);
                break;
            default:
                await TextAsync(http, StatusCodes.Status404NotFound, "404 page not found");
                break;
        }
    }

    private async Task LogAsync(HttpContext http, NamespacedName name, string container)
    {
        if (Workers?.Find(name) is not { } worker)
        {
            await TextAsync(http, StatusCodes.Status404NotFound, $"pod \"{name.Name}\" not found");
            return;
        }

        if (!worker.Pod.Spec.Containers.Concat(worker.Pod.Spec.InitContainers).Any(one => one.Name == container))
        {
            await TextAsync(http, StatusCodes.Status404NotFound, $"container \"{container}\" not found in pod \"{name.Name}\"");
            return;
        }

        LogOptions query;
        try
        {
            query = LogOptions.Parse(http.Request.Query, time.GetUtcNow());
        }
        catch (FormatException problem)
        {
            await TextAsync(http, StatusCodes.Status400BadRequest, problem.Message);
            return;
        }

        var path = FindLog(worker.Pod.Metadata.UID, container, query.Previous);
        if (path is null)
        {
            var problem = query.Previous
                ? $"previous terminated container \"{container}\" in pod \"{name.Name}\" not found"
                : $"container \"{container}\" in pod \"{name.Name}\" is waiting to start: {WhyWaiting(worker.Pod.Status, container)}";
            await TextAsync(http, StatusCodes.Status400BadRequest, problem);
            return;
        }

        http.Response.ContentType = "text/plain";
        await http.Response.StartAsync(http.RequestAborted);
        var live = worker.RunOf(container)?.Log is { } log && log.FilePath == path ? log : null;
        await LogReader.CopyAsync(path, live, query, http.Response.Body, http.RequestAborted);
    }

    private static string WhyWaiting(PodStatus status, string container)
    {
        var known = status.ContainerStatuses.Concat(status.InitContainerStatuses).FirstOrDefault(one => one.Name == container);
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
            .Select(file => (File: file, Attempt: int.Parse(Path.GetFileNameWithoutExtension(file), System.Globalization.CultureInfo.InvariantCulture)))
            .OrderByDescending(run => run.Attempt).Select(run => run.File).ToArray();
        return runs.ElementAtOrDefault(previous ? 1 : 0);
    }

    private static Task TextAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
