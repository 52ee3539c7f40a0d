resource "aws_lb" "api" {
  name                             = "${var.cluster}-api"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = [for subnet in aws_subnet.nodes : subnet.id]
  security_groups                  = [aws_security_group.api.id]
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = true
}

resource "aws_lb_target_group" "api" {
  name                 = "${var.cluster}-api"
  vpc_id               = aws_vpc.cluster.id
  target_type          = "instance"
  protocol             = "TCP"
  port                 = 6443
  deregistration_delay = 30
  # A host that reaches itself by way of the load balancer would be turned away when the packets still carry its own address.
  preserve_client_ip = "false"

  # Anybody may ask /readyz. The certificate is not checked, so the cluster's own will do.
  health_check {
    protocol            = "HTTPS"
    path                = "/readyz"
    port                = "6443"
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "api" {
  load_balancer_arn = aws_lb.api.arn
  protocol          = "TCP"
  port              = 6443

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }
}

resource "aws_lb_target_group_attachment" "api" {
  for_each = aws_instance.control_plane

  target_group_arn = aws_lb_target_group.api.arn
  target_id        = each.value.id
  port             = 6443
}
