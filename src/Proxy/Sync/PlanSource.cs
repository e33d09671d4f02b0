using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Sync;

/// <summary>Takes changes in and makes plans of them. One writer: the sync loop.</summary>
internal sealed class PlanSource(string nodeName, PlanningOptions options, ILogger logger)
{
    private readonly ServiceModelState _model = new(logger);
    private readonly List<EndpointTrigger> _triggers = [];
    private readonly FaultLog _faults = new(logger);
    private readonly ServiceRanges _ranges = new(new FaultLog(logger));
    private NodeFacts _node = NodeReader.Read(nodeName, null, [], options.NodeAddress);
    private bool _nodeChanged;
    private bool _nodeSeen;
    private ForwardingPlan? _plan;

    /// <summary>Whether a first plan may be made.</summary>
    internal bool IsSynced { get; private set; }

    /// <summary>False while the cluster autoscaler removes the node: load balancers should stop sending to it.</summary>
    internal bool NodeEligible { get; private set; } = true;

    /// <summary>Service and slice changes taken in since the last plan.</summary>
    internal (int Services, int Endpoints) Pending { get; private set; }

    internal void Take(ModelChange change)
    {
        switch (change)
        {
            case ModelChange.OfService(_, var name, var service):
                Pending = (Pending.Services + 1, Pending.Endpoints);
                _model.Set(name, service);
                break;
            case ModelChange.OfEndpointSlice(_, var name, var slice):
                Pending = (Pending.Services, Pending.Endpoints + 1);
                _model.Set(name, slice);
                if (slice is not null && EndpointTriggerTime.Of(slice) is { } trigger)
                {
                    _triggers.Add(new EndpointTrigger(slice.AddressType == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, trigger));
                }

                break;
            case ModelChange.OfNode(_, var node):
                // One that is gone is not there to send to; one that was never there says nothing.
                NodeEligible = node is null ? !_nodeSeen : NodeReader.IsEligible(node);
                _nodeSeen |= node is not null;
                var faults = new List<string>();
                var facts = NodeReader.Read(nodeName, node, faults, options.NodeAddress);
                _faults.Tell($"Node {nodeName}", faults);
                _nodeChanged |= facts != _node;
                _node = facts;
                break;
            case ModelChange.OfServiceCidr(_, var name, var range):
                _ranges.Set(name, range);
                break;
            case ModelChange.CachesSynced:
                IsSynced = true;
                break;
        }
    }

    /// <summary>The plan of everything taken in so far; the same object as before when nothing that matters changed.</summary>
    /// <param name="triggers">When the changes in it happened, as far as their authors say.</param>
    internal ForwardingPlan Plan(out IReadOnlyList<EndpointTrigger> triggers)
    {
        triggers = [.. _triggers];
        _triggers.Clear();
        Pending = default;
        var (table, changed) = _model.Take();
        var previous = _plan;
        var rangesChanged = _ranges.Networks != (_plan?.ServiceRanges ?? []);
        if (_plan is null)
        {
            _plan = Planner.Plan(table, _node, options);
        }
        else if (_nodeChanged)
        {
            _plan = Planner.Update(_plan, table, [.. table.Services.Keys.Union(_plan.Services.Keys)], _node, options);
        }
        else if (changed.Count > 0 || rangesChanged)
        {
            _plan = Planner.Update(_plan, table, changed, _node, options);
        }

        if (rangesChanged)
        {
            _plan = _plan with { ServiceRanges = _ranges.Networks };
        }

        _nodeChanged = false;
        LogLostFrontEnds(previous ?? ForwardingPlan.Empty, _plan);
        return _plan;
    }

    private void LogLostFrontEnds(ForwardingPlan previous, ForwardingPlan next)
    {
        foreach (var change in next.ChangesSince(previous))
        {
            foreach (var lost in (change.After?.Lost ?? []).Except(change.Before?.Lost ?? []))
            {
                logger.FrontEndTaken(change.Name, lost.FrontEnd, lost.Owner);
            }
        }
    }
}
