using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Hosting;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Sync;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Health;

/// <summary>
/// The healthCheckNodePorts: a load balancer asks each node whether it has endpoints of a Service with external policy Local. Ports open and close
/// behind the plans, never in front of them. Source: kubernetes pkg/proxy/healthcheck/service_health.go.
/// </summary>
internal sealed class ServiceHealthServers : IAsyncDisposable
{
    private readonly SyncState _state;
    private readonly HealthServer _health;
    private readonly NetworkNamespace? _node;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _planned = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<NamespacedName, (NodePort Port, HttpEndpoint? Server)> _servers = [];
    private readonly Task _running;
    private ForwardingPlan _noticed = ForwardingPlan.Empty;

    internal ServiceHealthServers(SyncState state, HealthServer health, NetworkNamespace? node, ILoggerFactory loggers)
    {
        (_state, _health, _node, _loggers) = (state, health, node, loggers);
        _logger = loggers.CreateLogger<ServiceHealthServers>();
        state.PlanProgrammed += Notice;
        _running = RunAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _state.PlanProgrammed -= Notice;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var (_, server) in _servers.Values)
        {
            await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _stop.Dispose();
    }

    // On the sync loop: most changes are of endpoints and wake nobody.
    private void Notice(ProgrammedPlan programmed)
    {
        if (PortChanges(_noticed, programmed.Plan).Any())
        {
            _planned.Writer.TryWrite(true);
        }

        _noticed = programmed.Plan;
    }

    private static IEnumerable<ServiceChange> PortChanges(ForwardingPlan before, ForwardingPlan after) =>
        after.ChangesSince(before).Where(change => change.Before?.HealthCheck?.Port != change.After?.HealthCheck?.Port);

    private async Task RunAsync()
    {
        var inForce = ForwardingPlan.Empty;
        await foreach (var _ in _planned.Reader.ReadAllAsync(_stop.Token))
        {
            var plan = _state.Snapshot.Programmed?.Plan ?? inForce;
            // A port may go from one Service to another: all that close do so before any opens.
            var changes = PortChanges(inForce, plan).ToList();
            foreach (var change in changes)
            {
                await CloseAsync(change.Name);
            }

            foreach (var change in changes)
            {
                await OpenAsync(change.Name, change.After?.HealthCheck?.Port ?? NodePort.None);
            }

            inForce = plan;
        }
    }

    private async Task CloseAsync(NamespacedName service)
    {
        if (_servers.Remove(service, out var open) && open.Server is { } server)
        {
            await server.DisposeAsync();
        }
    }

    private async Task OpenAsync(NamespacedName service, NodePort port)
    {
        if (!port.IsAllocated)
        {
            return;
        }

        try
        {
            _servers[service] = (port, await ListenAsync(service, port));
        }
        catch (IOException taken)
        {
            _servers[service] = (port, null);
            _logger.HealthPortTaken(service, port, taken.Message);
        }
    }

    private Task<HttpEndpoint> ListenAsync(NamespacedName service, NodePort port)
    {
        // Both families on one socket, unless the machine has no IPv6.
        var address = System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        return HttpEndpoint.StartAsync(
            new HttpEndpointOptions { Address = new IPEndPoint(address, port.Value), Namespace = _node }, context => AnswerAsync(context, service), _loggers, _stop.Token);
    }

    private async Task AnswerAsync(HttpContext context, NamespacedName service)
    {
        var snapshot = _state.Snapshot;
        var plan = snapshot.Programmed?.Plan;
        var local = plan?.Services.GetValueOrDefault(service)?.HealthCheck?.LocalEndpoints ?? 0;
        var healthy = _health.IsHealthy(snapshot);
        context.Response.StatusCode = local > 0 && healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = local.ToString(CultureInfo.InvariantCulture);
        var body = new { service = new { @namespace = service.Namespace, name = service.Name }, localEndpoints = local, serviceProxyHealthy = healthy };
        await context.Response.WriteAsync(JsonSerializer.Serialize(body), context.RequestAborted);
    }
}
