"""What mcplatform is measured against: the same statements behind other protocol layers."""
