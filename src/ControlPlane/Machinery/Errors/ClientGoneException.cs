namespace Dataplane.ControlPlane.Machinery.Errors;

/// <summary>The client ended its connection in the middle of its request: nobody is there to answer, and nothing is wrong here.</summary>
internal sealed class ClientGoneException(Exception broken) : OperationCanceledException("the client went away", broken);
