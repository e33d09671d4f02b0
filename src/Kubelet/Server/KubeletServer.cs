using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Hosting;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Server;

/// <summary>The agent's HTTPS API in the node's namespace: logs, exec, attach, port forwarding, pods, metrics, health.</summary>
internal sealed class KubeletServer(
    KubeletOptions options, KubernetesClient client, PodDirectories directories, MetricsText metrics, TimeProvider time, ILogger logger)
{
    private const string NoPod = "pod does not exist";

    private readonly RequestAuthentication _authentication = new(client, options, time);
    private readonly RequestAuthorization _authorization = new(client, options, time);
    private readonly StatsHandler _stats = new(options, time);
    private readonly ContainerLogHandler _logs = new(directories, time);
    private readonly RemoteCommandHandler _commands = new(time, logger);
    private readonly PortForwardHandler _ports = new(options, time, logger);

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
        if (!await MayAsync(http))
        {
            return;
        }

        var path = http.Request.Path.Value?.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (!HttpMethods.IsGet(http.Request.Method) && !(HttpMethods.IsPost(http.Request.Method) && path is ["exec" or "attach" or "portForward", ..]))
        {
            await TextAsync(http, StatusCodes.Status405MethodNotAllowed, "Method Not Allowed");
            return;
        }

        switch (path)
        {
            case ["healthz"] or ["healthz", "ping" or "log" or "syncloop"]:
                await TextAsync(http, StatusCodes.Status200OK, "ok");
                break;
            case ["configz"]:
                await WriteAsync(http, "application/json", ConfigurationDocument.Of(options).ToJsonString());
                break;
            case ["stats", "summary"]:
                await WriteAsync(http, "application/json", (await _stats.SummaryAsync(Workers?.All ?? [], http.RequestAborted)).ToJsonString());
                break;
            case ["metrics", "resource"]:
                await WriteAsync(http, MetricsText.ContentType, await _stats.ResourceAsync(Workers?.All ?? [], http.RequestAborted));
                break;
            case ["metrics", "cadvisor"]:
                await WriteAsync(http, MetricsText.ContentType, await _stats.CadvisorAsync(Workers?.All ?? [], http.RequestAborted));
                break;
            case ["metrics"]:
                await WriteAsync(http, MetricsText.ContentType, metrics.Render());
                break;
            case ["pods"]:
                var pods = new KubernetesList<Pod> { Kind = "PodList", Items = [.. (Workers?.All ?? []).Select(worker => worker.Pod)] };
                http.Response.ContentType = "application/json";
                await http.Response.BodyWriter.WriteAsync(ApiJson.Serialize(pods), http.RequestAborted);
                break;
            case ["containerLogs", var ns, var pod, var container]:
                await WithPodAsync(http, ns, pod, null, $"pod \"{pod}\" not found", worker => _logs.HandleAsync(http, worker, container));
                break;
            case ["exec", var ns, var pod, .. { Length: 1 or 2 } rest]:
                await WithPodAsync(http, ns, pod, rest.Length == 2 ? rest[0] : null, NoPod, worker => _commands.ExecuteAsync(http, worker, rest[^1]));
                break;
            case ["attach", var ns, var pod, .. { Length: 1 or 2 } rest]:
                await WithPodAsync(http, ns, pod, rest.Length == 2 ? rest[0] : null, NoPod, worker => _commands.AttachAsync(http, worker, rest[^1]));
                break;
            case ["portForward", var ns, var pod, .. { Length: 0 or 1 } rest]:
                await WithPodAsync(http, ns, pod, rest.Length == 1 ? rest[0] : null, NoPod, worker => _ports.HandleAsync(http, worker));
                break;
            default:
                await TextAsync(http, StatusCodes.Status404NotFound, "404 page not found");
                break;
        }
    }

    /// <summary>Who it is, then whether they may; answers when not.</summary>
    private async Task<bool> MayAsync(HttpContext http)
    {
        ReviewedUser? user = null;
        try
        {
            user = await _authentication.IdentifyAsync(http);
            if (user is null)
            {
                await TextAsync(http, StatusCodes.Status401Unauthorized, "Unauthorized");
                return false;
            }

            if (await _authorization.RefusalAsync(user, http.Request, http.RequestAborted) is not { } refusal)
            {
                return true;
            }

            await TextAsync(http, StatusCodes.Status403Forbidden, refusal);
            return false;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException)
        {
            Log.NotReviewed(logger, http.Request.Path.Value ?? "", failure.Message);
            await (user is null
                ? TextAsync(http, StatusCodes.Status401Unauthorized, "Unauthorized")
                : TextAsync(http, StatusCodes.Status500InternalServerError, $"Authorization error (user={user.Username}, resource=nodes)"));
            return false;
        }
    }

    private static Task WriteAsync(HttpContext http, string type, string text)
    {
        http.Response.ContentType = type;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <param name="http">Answered with 404 when there is no such pod here.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="uid">Null for any pod of the name.</param>
    /// <param name="missing">What to answer.</param>
    /// <param name="serve">Answers otherwise.</param>
    private Task WithPodAsync(HttpContext http, string ns, string name, string? uid, string missing, Func<PodWorker, Task> serve) =>
        Workers?.Find(new NamespacedName(ns, name)) is { } worker && (uid is null || uid == worker.Pod.Metadata.UID)
            ? serve(worker)
            : TextAsync(http, StatusCodes.Status404NotFound, missing);

    private static Task TextAsync(HttpContext http, int status, string text) => StreamUpgrade.RefuseAsync(http, status, text);
}
