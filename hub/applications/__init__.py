"""Applications 共享申请: the road to a grant (政务数据共享条例, Arts 20–22 and 28)."""
