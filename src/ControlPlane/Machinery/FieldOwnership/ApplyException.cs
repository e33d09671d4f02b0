namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

/// <summary>An applied configuration whose lists cannot be told apart item by item.</summary>
/// <param name="message">The path and what is wrong there.</param>
internal sealed class ApplyException(string message) : Exception(message);
